/** What a request body becomes for the variables of the rules. All text is binary (latin1). */
import type { XmlElement } from './xml.ts';

/** A file of a multipart body. */
export interface UploadedFile {
  /** The name of the form's field: FILES_NAMES, and the key of the others. */
  readonly field: string;
  /** FILES. */
  readonly filename: string;
  /** FILES_TMP_CONTENT; its length is FILES_SIZES. */
  readonly content: string;
}

export interface ParsedBody {
  /** Names and values in turn: ARGS_POST. */
  readonly arguments: string[];
  readonly files: UploadedFile[];
  /** Names of parts and their header lines in turn, line ends kept: MULTIPART_PART_HEADERS. */
  readonly partHeaders: string[];
  /** Variables `multipart_*` (lower case) that are not 0. */
  readonly flags: Map<string, string>;
  readonly xml: XmlElement | undefined;
  /** The body for rules that look at it as a whole, where that is not all of it: files are cut after their beginning. */
  readonly excerpt: string | undefined;
  /** A `%` that no two hex digits follow. */
  readonly urlencodedError: boolean;
  /** REQBODY_ERROR_MSG, empty where all is well. What was read before the error is there all the same. */
  readonly error: string;
}

/** Bounds that hold whatever the rules say. */
export interface BodyBounds {
  /** Arguments that are kept; what is beyond is an error. */
  readonly arguments: number;
  readonly jsonDepth: number;
  readonly files: number;
  /** Bytes without those of files. */
  readonly noFiles: number;
}

export const TOO_MANY_ARGUMENTS = 'More arguments than SecArgumentsLimit allows.';
export const TOO_LARGE = 'Request body excluding files is bigger than the maximum expected.';

export function parsedBody(parts: Partial<ParsedBody> = {}): ParsedBody {
  return {
    arguments: [],
    files: [],
    partHeaders: [],
    flags: new Map(),
    xml: undefined,
    excerpt: undefined,
    urlencodedError: false,
    error: '',
    ...parts,
  };
}
