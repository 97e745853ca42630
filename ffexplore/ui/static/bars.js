// The geometry of two mirrored histograms: where a value and a count lie.

// Counts as they are or as a logarithm in which no count lies on the middle line.
export function heightOf(count, isLogarithmic) {
  return isLogarithmic ? Math.log10(1 + count) : count;
}

// The outline of one histogram on an axis from `left` to `right` over `width` pixels; `y(count)` is a place in pixels.
// What lies outside of the axis collapses just beyond its end.
export function outline({ counts, low, high }, { left, right, width }, middle, y) {
  const place = (i) => {
    const share = (low + ((high - low) * i) / counts.length - left) / (right - left);
    return Math.max(-2, Math.min(width + 2, share * width)).toFixed(1);
  };
  let path = `M${place(0)} ${middle}`;
  let last = `${middle}`;
  for (let i = 0; i < counts.length; i++) {
    const at = y(counts[i]).toFixed(1);
    if (at !== last) path += `H${place(i)}V${at}`;
    last = at;
  }
  return `${path}H${place(counts.length)}V${middle}`;
}

// Which share of a histogram lies beyond an axis from `left` to `right`.
export function shareOutside({ counts, low, high }, { left, right }) {
  let outside = 0;
  let all = 0;
  for (let i = 0; i < counts.length; i++) {
    const middle = low + ((high - low) * (i + 0.5)) / counts.length;
    all += counts[i];
    if (middle < left || middle > right) outside += counts[i];
  }
  return all ? outside / all : 0;
}

export function binWidth({ counts, low, high }) {
  return (high - low) / counts.length;
}

// Round numbers beside an axis of heights that ends at `most`: one, or powers of ten as many as have room; `least` is
// the height of a single sample.
export function roundHeights(least, most, isLogarithmic, room) {
  if (!isLogarithmic) {
    const power = 10 ** Math.floor(Math.log10(most) + 1e-9);
    return [power * [5, 2, 1].find((step) => step * power <= most * (1 + 1e-9))];
  }
  const decades = [];
  for (let power = Math.ceil(Math.log10(least) - 1e-9); 10 ** power <= most; power++) decades.push(10 ** power);
  const every = Math.ceil(decades.length / Math.max(1, Math.floor(room / 14)));
  return decades.filter((_, i) => (decades.length - 1 - i) % every === 0);
}
