import { encodePng } from './png.ts';

const WIDTH = 1280;
const HEIGHT = 440;

type Color = readonly [red: number, green: number, blue: number];

const SKY_TOP: Color = [18, 26, 64];
const SKY_LOW: Color = [250, 158, 118];
const SUN: Color = [255, 236, 196];
const SUN_AT = { x: 900, y: 232, radius: 46, glow: 300 };

/** Ranges of hills from the farthest on: height of the crest above the lower edge and roughness in pixels. */
const HILLS: readonly { color: Color; crest: number; rough: number; seed: number }[] = [
  { color: [158, 104, 128], crest: 196, rough: 44, seed: 1.7 },
  { color: [106, 74, 116], crest: 146, rough: 40, seed: 4.1 },
  { color: [60, 50, 92], crest: 96, rough: 32, seed: 8.9 },
  { color: [24, 26, 54], crest: 48, rough: 24, seed: 13.3 },
];

/** Hills at sunset, as PNG: the picture that the demo caches. */
export function drawPicture(): Buffer {
  const rgb = new Uint8Array(WIDTH * HEIGHT * 3);
  for (let x = 0; x < WIDTH; x++) {
    const crests = HILLS.map(({ crest, rough, seed }) => HEIGHT - crest - rough * ridge(x / WIDTH, seed));
    for (let y = 0; y < HEIGHT; y++) {
      const hill = crests.findLastIndex((crest) => y >= crest);
      rgb.set(hill < 0 ? sky(x, y) : HILLS[hill].color, (y * WIDTH + x) * 3);
    }
  }
  return encodePng(WIDTH, HEIGHT, rgb);
}

function sky(x: number, y: number): Color {
  const base = mix(SKY_TOP, SKY_LOW, Math.min(1, y / (HEIGHT * 0.66)) ** 1.4);
  const distance = Math.hypot(x - SUN_AT.x, y - SUN_AT.y);
  if (distance < SUN_AT.radius) return SUN;
  return mix(base, SUN, 0.6 * Math.max(0, 1 - (distance - SUN_AT.radius) / SUN_AT.glow) ** 2.4);
}

/** The line of a crest at `x` from 0 to 1: a sum of waves, from -1 to 1. */
function ridge(x: number, seed: number): number {
  let sum = 0;
  for (let octave = 0; octave < 5; octave++) sum += Math.sin(x * 5 * 2.1 ** octave + seed * (octave + 1)) / 2 ** octave;
  return sum / 2;
}

function mix(from: Color, to: Color, share: number): Color {
  return [
    from[0] + (to[0] - from[0]) * share,
    from[1] + (to[1] - from[1]) * share,
    from[2] + (to[2] - from[2]) * share,
  ];
}
