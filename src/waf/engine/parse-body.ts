/** The parser for a request body, by the processor in force. */
import { parseJson } from '../body/json.ts';
import { parseMultipart } from '../body/multipart.ts';
import { type BodyBounds, type ParsedBody, parsedBody, TOO_LARGE, TOO_MANY_ARGUMENTS } from '../body/parsed-body.ts';
import { parseArguments } from '../body/urlencoded.ts';
import { parseXml } from '../body/xml.ts';
import type { BodyProcessor } from '../lang/rule.ts';

export interface BodyOptions {
  readonly bounds: BodyBounds;
  readonly contentType: string;
  readonly separator: string;
  readonly xmlArguments: boolean;
}

/** @param body not empty */
export function parseBody(processor: BodyProcessor | undefined, body: string, options: BodyOptions): ParsedBody {
  const { bounds } = options;
  if (processor !== undefined && processor !== 'MULTIPART' && body.length > bounds.noFiles) {
    return parsedBody({ error: TOO_LARGE });
  }
  switch (processor) {
    case 'URLENCODED': {
      const { list, invalid, cut } = parseArguments(body, options.separator, bounds.arguments);
      return parsedBody({ arguments: list, urlencodedError: invalid, error: cut ? TOO_MANY_ARGUMENTS : '' });
    }
    case 'MULTIPART':
      return parseMultipart(body, options.contentType, bounds);
    case 'JSON':
      return parseJson(body, bounds);
    case 'XML':
      return parseXml(body, options.xmlArguments);
    case undefined:
      return parsedBody();
  }
}
