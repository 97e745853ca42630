// Axes and numbers as text.

// A round number: 1, 2 or 5 times a power of ten, not below x.
export function roundUp(x, steps = [1, 2, 5, 10]) {
  const power = 10 ** Math.floor(Math.log10(x));
  return power * (steps.find((step) => step * power >= x * (1 - 1e-9)) ?? 10);
}

// About `count` round values from low to high.
export function ticks(low, high, count) {
  const step = roundUp((high - low) / Math.max(1, count));
  const values = [];
  for (let i = Math.ceil(low / step - 1e-6); i * step <= high + step * 1e-6; i++) values.push(i * step);
  return { step, values };
}

export function decimalsFor(step) {
  return Math.max(0, Math.min(6, -Math.floor(Math.log10(step) + 1e-9)));
}

// As 2.4898e7: five digits for what would need more places than there is room for.
function scientific(value) {
  const [digits, power] = value.toExponential(4).split("e");
  return `${Number(digits)}e${Number(power)}`;
}

// Fixed decimals and a true minus, so that columns of numbers keep their width; a number of millions is scientific.
export function fixed(value, decimals) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const text = size >= 1e6 ? scientific(size) : size.toFixed(decimals);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

// Large steps as on an axis: 15000 -> "15k".
export function short(value) {
  if (Math.abs(value) >= 1e9) return scientific(value);
  if (Math.abs(value) >= 1e6) return `${Number((value / 1e6).toPrecision(4))}M`;
  if (Math.abs(value) >= 1e4) return `${Number((value / 1e3).toPrecision(4))}k`;
  return `${Number(value.toPrecision(6))}`;
}

export function percent(value, decimals = 1) {
  return Number.isFinite(value) ? `${(100 * value).toFixed(decimals)} %` : "–";
}

export function plural(count, one, many) {
  return `${count} ${count === 1 ? one : many}`;
}
