import { trimOws } from './chars.ts';
import { plainPath } from './plain-path.ts';

const IMAGE = {
  avif: 'image/avif',
  bmp: 'image/bmp image/x-ms-bmp',
  gif: 'image/gif',
  ico: 'image/x-icon image/vnd.microsoft.icon',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg image/jpg',
  jxl: 'image/jxl',
  png: 'image/png image/apng',
  svg: 'image/svg+xml',
  svgz: 'image/svg+xml',
  tif: 'image/tiff',
  tiff: 'image/tiff',
  webp: 'image/webp',
  cur: 'image/x-icon image/vnd.microsoft.icon',
};

const FONT = {
  eot: 'application/vnd.ms-fontobject',
  otf: 'font/otf application/font-sfnt application/x-font-otf application/x-font-opentype application/vnd.ms-opentype',
  ttf: 'font/ttf font/sfnt application/font-sfnt application/x-font-ttf application/x-font-truetype',
  woff: 'font/woff application/font-woff application/x-font-woff',
  woff2: 'font/woff2 application/font-woff2 application/x-font-woff2',
};

const CODE = {
  css: 'text/css',
  js: 'text/javascript application/javascript application/x-javascript application/ecmascript text/ecmascript',
  mjs: 'text/javascript application/javascript application/x-javascript',
  wasm: 'application/wasm',
};

const MEDIA = {
  aac: 'audio/aac audio/mp4 audio/x-aac',
  flac: 'audio/flac audio/x-flac',
  m4a: 'audio/mp4 audio/x-m4a',
  m4v: 'video/mp4 video/x-m4v',
  mov: 'video/quicktime',
  mp3: 'audio/mpeg audio/mp3',
  mp4: 'video/mp4 audio/mp4 application/mp4',
  oga: 'audio/ogg application/ogg',
  ogg: 'audio/ogg video/ogg application/ogg',
  ogv: 'video/ogg application/ogg',
  opus: 'audio/ogg audio/opus',
  vtt: 'text/vtt',
  wav: 'audio/wav audio/x-wav audio/wave',
  weba: 'audio/webm',
  webm: 'video/webm audio/webm',
};

/** Pages: what an origin answers to a name that it does not know, or takes for another. */
const PAGE_TYPES: ReadonlySet<string> = new Set(['text/html', 'application/xhtml+xml']);

/** The media types that each file extension of a static asset may have. */
const STATIC_TYPES: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({ ...IMAGE, ...FONT, ...CODE, ...MEDIA }).map(([extension, types]) => [
    extension,
    new Set(types.split(' ')),
  ]),
);

/** `type/subtype` of a Content-Type value, lowercase and without parameters, or '' where there is none. */
export function mediaType(contentType: string | undefined): string {
  if (contentType === undefined) return '';
  const semicolon = contentType.indexOf(';');
  return trimOws(semicolon < 0 ? contentType : contentType.slice(0, semicolon)).toLowerCase();
}

/** The lowercase extension of a path's last segment, without its dot; '' where it has none. The path holds no query. */
export function pathExtension(path: string): string {
  const dot = path.lastIndexOf('.');
  if (dot <= path.lastIndexOf('/') + 1) return '';
  return path.slice(dot + 1).toLowerCase();
}

/**
 * Whether a response is a static asset: an image, font, script, style sheet, wasm module or media file by its path's
 * extension and by its content type alike. Where the two contradict each other it is none, so that a page served under
 * `/account/x.css` is never taken for a style sheet. Nor is what an origin may read as a path without that extension.
 */
export function isStaticAsset(path: string, contentType: string | undefined): boolean {
  const type = mediaType(contentType);
  const plain = plainPath(path);
  const isAsset = (name: string) => STATIC_TYPES.get(pathExtension(name))?.has(type) === true;
  return plain !== undefined && isAsset(path) && (plain === path || isAsset(plain));
}

/** Whether a page comes under the name of a static asset: a lifetime meant for such files is not meant for it. */
export function isPageAsAsset(path: string, contentType: string | undefined): boolean {
  return PAGE_TYPES.has(mediaType(contentType)) && hasStaticExtension(path);
}

/** Whether a path's extension is a static asset's: what can be known before the response is there. */
export function hasStaticExtension(path: string): boolean {
  return STATIC_TYPES.has(pathExtension(path));
}
