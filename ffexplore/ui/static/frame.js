// A frame from the kernel: a header in JSON, and arrays that are views into one buffer.

const KINDS = { f4: Float32Array, u2: Uint16Array, u1: Uint8Array };

// [kind, offset, shape] -> { data, shape }; nothing is copied unless the transport left the buffer unaligned.
function arrayAt(buffer, [kind, offset, shape]) {
  const Kind = KINDS[kind];
  const size = shape.reduce((product, n) => product * n, 1);
  const start = buffer.byteOffset + offset;
  const isAligned = start % Kind.BYTES_PER_ELEMENT === 0;
  const bytes = size * Kind.BYTES_PER_ELEMENT;
  const data = isAligned ? new Kind(buffer.buffer, start, size) : new Kind(buffer.buffer.slice(start, start + bytes));
  return { data, shape };
}

export function unpack(header, buffer) {
  const panes = {};
  for (const [name, pane] of Object.entries(header.panes)) {
    const arrays = {};
    for (const [key, place] of Object.entries(pane.arrays ?? {})) arrays[key] = arrayAt(buffer, place);
    panes[name] = { ...pane, arrays, step: header.step, epoch: header.epoch };
  }
  return panes;
}

// The row of a (K, L, ...) array that belongs to one variant and layer.
export function rowOf({ data, shape }, variant, layer) {
  const length = shape.slice(2).reduce((product, n) => product * n, 1);
  const start = (variant * shape[1] + layer) * length;
  return data.subarray(start, start + length);
}

export function valueOf(array, variant, layer) {
  return array.data[variant * array.shape[1] + layer];
}
