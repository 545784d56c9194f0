import { crc32, deflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

const BIT_DEPTH = 8;
const COLOR_TYPE_RGB = 2;
/** Each line as its difference from the line above (PNG section 9.2): smooth pictures get small. */
const FILTER_UP = 2;

/** Encodes a picture as PNG (W3C PNG, third edition). @param rgb three bytes a pixel, row by row */
export function encodePng(width: number, height: number, rgb: Uint8Array): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = BIT_DEPTH;
  header[9] = COLOR_TYPE_RGB;
  const parts = [chunk('IHDR', header), chunk('IDAT', deflateSync(filtered(width * 3, height, rgb))), chunk('IEND')];
  return Buffer.concat([SIGNATURE, ...parts]);
}

function filtered(stride: number, height: number, rgb: Uint8Array): Buffer {
  const lines = Buffer.alloc((stride + 1) * height);
  for (let y = 0; y < height; y++) {
    const line = y * (stride + 1);
    lines[line] = FILTER_UP;
    for (let i = 0; i < stride; i++) {
      const at = y * stride + i;
      lines[line + 1 + i] = rgb[at] - (y > 0 ? rgb[at - stride] : 0);
    }
  }
  return lines;
}

function chunk(type: string, data: Buffer = Buffer.alloc(0)): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(typed));
  return Buffer.concat([length, typed, check]);
}
