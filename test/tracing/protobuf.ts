/** Fields of a protobuf message by number, each with all its values: a length-delimited one as bytes, others as numbers. */
export type Fields = Map<number, (Buffer | bigint)[]>;

/** Reads one message. @throws RangeError where it is cut */
export function readMessage(bytes: Buffer): Fields {
  const fields: Fields = new Map();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes.readUInt8(at++);
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const value = readValue(tag & 7);
    const values = fields.get(tag >> 3) ?? [];
    fields.set(tag >> 3, [...values, value]);
  }
  return fields;

  function readValue(type: number): Buffer | bigint {
    if (type === 0) return varint();
    if (type === 2) {
      const length = Number(varint());
      at += length;
      if (at > bytes.length) throw new RangeError('the message is cut');
      return bytes.subarray(at - length, at);
    }
    if (type !== 1 && type !== 5) throw new RangeError(`wire type ${type}`);
    at += type === 1 ? 8 : 4;
    return type === 1 ? bytes.readBigUInt64LE(at - 8) : BigInt(bytes.readUInt32LE(at - 4));
  }
}

/** Messages under a number. */
export function messages(fields: Fields, number: number): Fields[] {
  return (fields.get(number) ?? []).map((value) => readMessage(value as Buffer));
}

export function textOf(fields: Fields, number: number): string {
  return (fields.get(number)?.[0] as Buffer | undefined)?.toString('utf8') ?? '';
}

export function hexOf(fields: Fields, number: number): string {
  return (fields.get(number)?.[0] as Buffer | undefined)?.toString('hex') ?? '';
}

export function numberOf(fields: Fields, number: number): bigint {
  return (fields.get(number)?.[0] as bigint | undefined) ?? 0n;
}
