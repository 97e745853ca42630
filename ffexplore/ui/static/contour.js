// Lines through a grid of numbers.

// Where `grid` (rows of `size` numbers) crosses `level`, as a path in units of cells; marching squares.
export function crossing(grid, size, level) {
  let path = "";
  for (let row = 0; row + 1 < size; row++) {
    for (let column = 0; column + 1 < size; column++) {
      const at = row * size + column;
      const corners = [grid[at], grid[at + 1], grid[at + size + 1], grid[at + size]];
      const places = [];
      for (let side = 0; side < 4; side++) {
        const [from, to] = [corners[side], corners[(side + 1) % 4]];
        if ((from < level) === (to < level)) continue;
        const share = (level - from) / (to - from);
        const [x, y] = [[share, 0], [1, share], [1 - share, 1], [0, 1 - share]][side];
        places.push(`${(column + x).toFixed(2)} ${(row + y).toFixed(2)}`);
      }
      for (let pair = 0; pair + 1 < places.length; pair += 2) path += `M${places[pair]}L${places[pair + 1]}`;
    }
  }
  return path;
}
