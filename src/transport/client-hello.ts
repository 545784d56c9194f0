const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
const ALPN = 16;

/** Bytes of a record's and of a handshake message's head. */
const RECORD_HEAD = 5;
const MESSAGE_HEAD = 4;

/** Version and random bytes. */
const FIXED = 2 + 32;

/**
 * The protocols that a TLS client offers (RFC 8446 section 4.1.2, RFC 7301 section 3.1), from the first bytes of its
 * connection: `more` where they are not all there, none where it offers none or says something else.
 */
export function offeredProtocols(bytes: Buffer): string[] | 'more' {
  if (bytes.length > 0 && bytes[0] !== HANDSHAKE_RECORD) return [];
  if (bytes.length < RECORD_HEAD) return 'more';
  const end = RECORD_HEAD + bytes.readUInt16BE(3);
  if (bytes.length < end) return 'more';
  try {
    return readProtocols(bytes.subarray(RECORD_HEAD, end));
  } catch {
    return []; // it goes on in another record, or is nonsense: whoever ends TLS will tell
  }
}

/** @throws RangeError where something is longer than the whole */
function readProtocols(hello: Buffer): string[] {
  if (hello[0] !== CLIENT_HELLO) return [];
  let at = MESSAGE_HEAD + FIXED;
  at += 1 + hello.readUInt8(at); // session id
  at += 2 + hello.readUInt16BE(at); // cipher suites
  at += 1 + hello.readUInt8(at); // compression methods
  const end = at + 2 + hello.readUInt16BE(at);
  for (at += 2; at < end; ) {
    const length = hello.readUInt16BE(at + 2);
    if (hello.readUInt16BE(at) === ALPN) return readNames(hello.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return [];
}

function readNames(list: Buffer): string[] {
  const names: string[] = [];
  for (let at = 2; at < list.length; ) {
    const length = list.readUInt8(at);
    names.push(list.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return names;
}
