/**
 * Bytes of texts (latin1) and of other bytes in turn, in memory of their own. For what is kept: what `Buffer.from` and `Buffer.concat`
 * make of little lies in a pool of Node's, of which 64 KB stay for as long as any of them does.
 */
export function keptBytes(...parts: readonly (Uint8Array | string)[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const bytes = Buffer.allocUnsafeSlow(length);
  let at = 0;
  for (const part of parts) {
    if (typeof part === 'string') bytes.write(part, at, 'latin1');
    else bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
