/** The variables that have one value. */
import type { State } from './state.ts';

export interface Scalar {
  /** Whether it changes only with heads and bodies. */
  readonly fixed: boolean;
  /** Undefined: it has no value now. */
  readonly value: (state: State) => string | undefined;
}

function fixed(value: Scalar['value']): Scalar {
  return { fixed: true, value };
}

function changing(value: Scalar['value']): Scalar {
  return { fixed: false, value };
}

function flag(name: string): Scalar {
  return fixed((state) => (state.parsed === undefined ? undefined : (state.parsed.flags.get(name) ?? '0')));
}

function zeroOne(value: boolean): string {
  return value ? '1' : '0';
}

function header(state: State, name: string): string {
  return state.headers.find((entry) => entry.key.toLowerCase() === name)?.value ?? '';
}

function bodyError(state: State): string {
  if (state.parsed !== undefined && state.parsed.error !== '') return state.parsed.error;
  return state.argumentsCut ? 'More arguments than SecArgumentsLimit allows.' : '';
}

function time(part: (date: Date) => number, digits = 2): Scalar {
  return changing((state) => String(part(new Date(state.shared.now()))).padStart(digits, '0'));
}

function head(state: State): string {
  const { method, target, protocol } = state.request;
  const lines = state.headers.map((entry) => `${entry.key}: ${entry.value}\n`);
  return `${method} ${target} ${protocol}\n${lines.join('')}\n`;
}

export const SCALARS: Readonly<Record<string, Scalar>> = {
  args_combined_size: fixed((state) => String(state.argsSize)),
  auth_type: fixed((state) => header(state, 'authorization').split(' ', 1)[0]),
  duration: changing((state) => String(Math.round((state.shared.elapsed() - state.began) * 1000)).padStart(2, '0')),
  files_combined_size: fixed((state) =>
    state.parsed === undefined
      ? undefined
      : String(state.parsed.files.reduce((sum, file) => sum + file.content.length, 0)),
  ),
  full_request: fixed((state) => head(state) + state.requestBody),
  full_request_length: fixed((state) => String(head(state).length + state.requestBodyLength)),
  highest_severity: changing((state) => String(state.highestSeverity)),
  inbound_data_error: fixed((state) => zeroOne(state.requestBodyCut)),
  matched_var: changing((state) => (state.matchedNames.length === 0 ? undefined : state.matchedVar)),
  matched_var_name: changing((state) => (state.matchedNames.length === 0 ? undefined : state.matchedName)),
  modsec_build: fixed(() => '030000090'),
  msc_pcre_error: fixed(() => undefined),
  msc_pcre_limits_exceeded: fixed(() => undefined),
  multipart_boundary_quoted: flag('multipart_boundary_quoted'),
  multipart_boundary_whitespace: flag('multipart_boundary_whitespace'),
  multipart_crlf_lf_lines: flag('multipart_crlf_lf_lines'),
  multipart_data_after: flag('multipart_data_after'),
  multipart_data_before: flag('multipart_data_before'),
  multipart_file_limit_exceeded: flag('multipart_file_limit_exceeded'),
  multipart_header_folding: flag('multipart_header_folding'),
  multipart_invalid_header_folding: flag('multipart_invalid_header_folding'),
  multipart_invalid_part: flag('multipart_invalid_part'),
  multipart_invalid_quoting: flag('multipart_invalid_quoting'),
  multipart_lf_line: flag('multipart_lf_line'),
  multipart_missing_semicolon: flag('multipart_missing_semicolon'),
  multipart_semicolon_missing: flag('multipart_missing_semicolon'),
  multipart_strict_error: flag('multipart_strict_error'),
  multipart_unmatched_boundary: flag('multipart_unmatched_boundary'),
  outbound_data_error: fixed((state) => zeroOne(state.responseBodyCut)),
  path_info: fixed((state) => state.path.filename),
  query_string: fixed((state) => state.path.query),
  remote_addr: fixed((state) => state.request.clientAddress),
  remote_host: fixed((state) => state.request.clientAddress),
  remote_port: fixed((state) => String(state.request.clientPort)),
  remote_user: fixed((state) => remoteUser(header(state, 'authorization'))),
  reqbody_error: changing((state) => zeroOne(bodyError(state) !== '')),
  reqbody_error_msg: changing(bodyError),
  reqbody_processor: changing((state) => state.processor ?? ''),
  reqbody_processor_error: changing((state) => zeroOne((state.parsed?.error ?? '') !== '')),
  reqbody_processor_error_msg: changing((state) => state.parsed?.error ?? ''),
  request_basename: fixed((state) => state.path.basename),
  request_body: fixed((state) => state.requestBody),
  request_body_length: fixed((state) => (state.requestBodyLength === 0 ? '' : String(state.requestBodyLength))),
  request_filename: fixed((state) => state.path.filename),
  request_line: fixed(({ request }) => `${request.method} ${request.target} ${request.protocol}`),
  request_method: fixed((state) => state.request.method),
  request_protocol: fixed((state) => state.request.protocol),
  request_uri: fixed((state) => state.path.uri),
  request_uri_raw: fixed((state) => state.request.target),
  response_body: fixed((state) => (state.status === 0 ? undefined : state.responseBody)),
  response_content_length: fixed((state) => (state.status === 0 ? undefined : String(state.responseBody.length))),
  response_content_type: fixed((state) =>
    state.status === 0 ? undefined : (responseHeader(state, 'content-type') ?? ''),
  ),
  response_protocol: fixed((state) => (state.status === 0 ? undefined : 'HTTP/1.1')),
  response_status: fixed((state) => (state.status === 0 ? undefined : String(state.status))),
  server_addr: fixed((state) => state.request.serverAddress),
  server_name: fixed((state) => header(state, 'host').replace(/:\d*$/, '')),
  server_port: fixed((state) => String(state.request.serverPort)),
  sessionid: changing((state) => state.sessionId),
  status: fixed((state) => (state.status === 0 ? undefined : String(state.status))),
  status_line: fixed((state) => (state.status === 0 ? undefined : `HTTP/1.1 ${state.status}`)),
  stream_input_body: fixed((state) => state.requestBody),
  stream_output_body: fixed((state) => state.responseBody),
  time: changing((state) => new Date(state.shared.now()).toISOString().slice(11, 19)),
  time_day: time((date) => date.getUTCDate(), 1),
  time_epoch: changing((state) => String(Math.floor(state.shared.now() / 1000))),
  time_hour: time((date) => date.getUTCHours()),
  time_min: time((date) => date.getUTCMinutes()),
  time_mon: time((date) => date.getUTCMonth()),
  time_sec: time((date) => date.getUTCSeconds()),
  time_wday: time((date) => date.getUTCDay(), 1),
  time_year: time((date) => date.getUTCFullYear()),
  unique_id: fixed((state) => state.request.id),
  urlencoded_error: fixed((state) => zeroOne(state.urlencodedError)),
  userid: changing((state) => state.userId),
  useragent_ip: fixed((state) => state.request.clientAddress),
  webappid: fixed((state) => state.shared.settings.webAppId),
};

function responseHeader(state: State, name: string): string | undefined {
  return state.responseHeaders.find((entry) => entry.key.toLowerCase() === name)?.value;
}

/** The user of Basic credentials (RFC 7617). */
function remoteUser(authorization: string): string {
  const found = /^basic\s+([A-Za-z0-9+/=_-]+)/i.exec(authorization);
  if (found === null) return '';
  const credentials = Buffer.from(found[1], 'base64').toString('latin1');
  return credentials.slice(0, Math.max(0, credentials.indexOf(':')));
}
