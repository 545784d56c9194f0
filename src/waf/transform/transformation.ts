/**
 * The transformations of ModSecurity v3, bit for bit, compared with libmodsecurity 3.0.9 but for what later releases
 * mended: cssDecode no longer ends at a NUL, sqlHexDecode no longer drops the last byte, base64DecodeExt knows the URL
 * alphabet. Each takes and gives a binary string, and gives the very string it got where nothing changes: what compares strings afterwards then compares pointers.
 */
import { lowercase, parityEven7bit, parityOdd7bit, parityZero7bit, uppercase } from './bits.ts';
import { removeComments, removeCommentsChar, replaceComments } from './comments.ts';
import {
  base64Decode,
  base64DecodeExt,
  base64Encode,
  hexDecode,
  hexEncode,
  md5,
  sha1,
  sqlHexDecode,
} from './encodings.ts';
import { htmlEntityDecode } from './entities.ts';
import { cssDecode, escapeSeqDecode, jsDecode } from './escapes.ts';
import { normalisePath, normalisePathWin } from './path.ts';
import {
  cmdLine,
  compressWhitespace,
  removeNulls,
  removeWhitespace,
  replaceNulls,
  trim,
  trimLeft,
  trimRight,
} from './space.ts';
import { type UnicodeMap, urlDecode, urlDecodeUni, urlEncode } from './url.ts';
import { utf8toUnicode } from './utf8.ts';

/** From a binary string to a binary string. */
export type Transformation = (value: string) => string;

/** By lower-case name; `urldecodeuni` stands apart since it needs the map. */
const TRANSFORMATIONS: Readonly<Record<string, Transformation>> = {
  base64decode: base64Decode,
  base64decodeext: base64DecodeExt,
  base64encode: base64Encode,
  cmdline: cmdLine,
  compresswhitespace: compressWhitespace,
  cssdecode: cssDecode,
  escapeseqdecode: escapeSeqDecode,
  hexdecode: hexDecode,
  hexencode: hexEncode,
  htmlentitydecode: htmlEntityDecode,
  jsdecode: jsDecode,
  length: (value) => String(value.length),
  lowercase,
  md5,
  none: (value) => value,
  normalisepath: normalisePath,
  normalisepathwin: normalisePathWin,
  normalizepath: normalisePath,
  normalizepathwin: normalisePathWin,
  parityeven7bit: parityEven7bit,
  parityodd7bit: parityOdd7bit,
  parityzero7bit: parityZero7bit,
  removecomments: removeComments,
  removecommentschar: removeCommentsChar,
  removenulls: removeNulls,
  removewhitespace: removeWhitespace,
  replacecomments: replaceComments,
  replacenulls: replaceNulls,
  sha1,
  sqlhexdecode: sqlHexDecode,
  trim,
  trimleft: trimLeft,
  trimright: trimRight,
  uppercase,
  urldecode: urlDecode,
  urlencode: urlEncode,
  utf8tounicode: utf8toUnicode,
};

/**
 * The transformation of that name (in lower case), undefined where there is none. `map` is what SecUnicodeMapFile says,
 * used by urlDecodeUni only.
 */
export function transformation(name: string, map?: UnicodeMap): Transformation | undefined {
  return name === 'urldecodeuni' ? urlDecodeUni(map) : TRANSFORMATIONS[name];
}
