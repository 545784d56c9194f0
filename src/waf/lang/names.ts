/** The names that SecLang has for variables, operators and transformations, all in lower case. */

/** Variables with members, of which a target may choose some by `:`. */
const COLLECTIONS = [
  'args args_get args_get_names args_names args_post args_post_names env files files_names files_sizes files_tmpnames',
  'files_tmp_content geo global ip matched_vars matched_vars_names multipart_filename multipart_name',
  'multipart_part_headers request_cookies request_cookies_names request_headers request_headers_names resource',
  'response_headers response_headers_names rule session tx user xml',
];

/** Variables with one value. */
const SCALARS = [
  'args_combined_size auth_type duration files_combined_size full_request full_request_length highest_severity',
  'inbound_data_error matched_var matched_var_name modsec_build msc_pcre_error msc_pcre_limits_exceeded',
  'multipart_boundary_quoted multipart_boundary_whitespace multipart_crlf_lf_lines multipart_data_after',
  'multipart_data_before multipart_file_limit_exceeded multipart_header_folding multipart_invalid_header_folding',
  'multipart_invalid_part multipart_invalid_quoting multipart_lf_line multipart_missing_semicolon',
  'multipart_semicolon_missing multipart_strict_error multipart_unmatched_boundary outbound_data_error path_info',
  'query_string remote_addr remote_host remote_port remote_user reqbody_error reqbody_error_msg reqbody_processor',
  'reqbody_processor_error reqbody_processor_error_msg request_basename request_body request_body_length',
  'request_filename request_line request_method request_protocol request_uri request_uri_raw response_body',
  'response_content_length response_content_type response_protocol response_status server_addr server_name server_port',
  'sessionid status status_line stream_input_body stream_output_body time time_day time_epoch time_hour time_min',
  'time_mon time_sec time_wday time_year unique_id urlencoded_error useragent_ip userid webappid',
];

/** Every variable, and whether it has members. */
export const VARIABLES: ReadonlyMap<string, 'collection' | 'scalar'> = new Map([
  ...listed(COLLECTIONS).map((name) => [name, 'collection'] as const),
  ...listed(SCALARS).map((name) => [name, 'scalar'] as const),
]);

/** Collections that `setvar` and its kin change. All but `tx` outlive a transaction, once `initcol` has named them. */
export const WRITABLE: ReadonlySet<string> = new Set(['tx', 'ip', 'global', 'resource', 'session', 'user']);

/** What stands behind the name of an operator. */
export type ArgumentNeed = 'required' | 'optional' | 'none';

/**
 * Every operator. `rbl` loads, since CRS has it behind a key that nobody needs to have, and never matches, as in
 * ModSecurity without that key.
 */
export const OPERATORS: ReadonlyMap<string, ArgumentNeed> = new Map([
  ...listed([
    'beginswith contains containsword endswith eq ge gt ipmatch ipmatchf ipmatchfromfile le lt pm pmf pmfile pmfromfile',
    'rbl rx rxglobal strmatch validatebyterange verifycc verifycpf verifyssn within',
  ]).map((name) => [name, 'required'] as const),
  // the empty string is something to be compared with
  ['streq', 'optional'],
  ...listed(['detectsqli detectxss geolookup nomatch unconditionalmatch validateurlencoding validateutf8encoding']).map(
    (name) => [name, 'none'] as const,
  ),
]);

/** Operators that lb has not, and what to do in their place. */
export const REFUSED_OPERATORS: ReadonlyMap<string, string> = new Map([
  ['inspectfile', 'lb runs no programs: remove the rule'],
  ['fuzzyhash', 'lb compares no files: remove the rule'],
  ['gsblookup', 'the service is no more: remove the rule'],
  ['rsub', 'lb changes no bodies: remove the rule'],
  ['validatehash', 'lb signs no links: remove the rule'],
  ['validatedtd', 'lb validates no XML against grammars: remove the rule'],
  ['validateschema', 'lb validates no XML against grammars: remove the rule'],
]);

/** Every transformation. */
export const TRANSFORMATIONS: ReadonlySet<string> = new Set(
  listed([
    'base64decode base64decodeext base64encode cmdline compresswhitespace cssdecode escapeseqdecode hexdecode hexencode',
    'htmlentitydecode jsdecode length lowercase md5 normalisepath normalisepathwin normalizepath normalizepathwin',
    'parityeven7bit parityodd7bit parityzero7bit removecomments removecommentschar removenulls removewhitespace',
    'replacecomments replacenulls sha1 sqlhexdecode trim trimleft trimright uppercase urldecode urldecodeuni urlencode',
    'utf8tounicode',
  ]),
);

function listed(lines: readonly string[]): string[] {
  return lines.flatMap((line) => line.split(' '));
}
