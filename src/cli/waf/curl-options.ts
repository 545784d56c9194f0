/** The options of curl that say something of a request, and those that do not. */

/** Options with a value, by what they do. */
export const VALUED = {
  method: ['-X', '--request'],
  header: ['-H', '--header'],
  data: ['-d', '--data', '--data-ascii'],
  'data-raw': ['--data-raw'],
  'data-binary': ['--data-binary'],
  'data-urlencode': ['--data-urlencode'],
  'url-query': ['--url-query'],
  json: ['--json'],
  form: ['-F', '--form'],
  'form-string': ['--form-string'],
  cookie: ['-b', '--cookie'],
  agent: ['-A', '--user-agent'],
  referer: ['-e', '--referer'],
  user: ['-u', '--user'],
  bearer: ['--oauth2-bearer'],
  range: ['-r', '--range'],
  upload: ['-T', '--upload-file'],
  url: ['--url'],
  nothing: [
    ...['-o', '--output', '-m', '--max-time', '--connect-timeout', '-w', '--write-out', '-D', '--dump-header', '-c'],
    ...['--cookie-jar', '-x', '--proxy', '--cacert', '--capath', '-E', '--cert', '--key', '--resolve', '--connect-to'],
    ...[
      '--retry',
      '--retry-delay',
      '--interface',
      '--limit-rate',
      '--ciphers',
      '--tls-max',
      '--max-redirs',
      '--dns-servers',
    ],
    ...['--stderr', '--trace', '--trace-ascii', '--max-filesize', '-y', '-Y', '--keepalive-time', '--noproxy'],
  ],
} as const;

export type ValuedOption = keyof typeof VALUED;

/** Options without a value, by what they do. */
export const FLAGS = {
  get: ['-G', '--get'],
  head: ['-I', '--head'],
  http10: ['-0', '--http1.0'],
  http11: ['--http1.1'],
  http2: ['--http2', '--http2-prior-knowledge'],
  compressed: ['--compressed'],
  nothing: [
    ...['-k', '--insecure', '-s', '--silent', '-S', '--show-error', '-v', '--verbose', '-i', '--include'],
    ...[
      '--show-headers',
      '-L',
      '--location',
      '-f',
      '--fail',
      '--fail-with-body',
      '-g',
      '--globoff',
      '-N',
      '--no-buffer',
    ],
    ...[
      '-O',
      '--remote-name',
      '-J',
      '--remote-header-name',
      '-#',
      '--progress-bar',
      '--no-progress-meter',
      '-4',
      '--ipv4',
    ],
    ...['-6', '--ipv6', '--path-as-is', '--basic', '--raw', '--tlsv1.2', '--tlsv1.3', '--tcp-nodelay', '-j', '-q'],
    ...['--disable', '--no-keepalive', '--location-trusted', '--tr-encoding', '--compressed-ssh', '-n', '--netrc'],
  ],
} as const;

export type Flag = keyof typeof FLAGS;

const VALUED_NAMES = new Map(
  Object.entries(VALUED).flatMap(([what, names]) => names.map((name) => [name as string, what as ValuedOption])),
);
const FLAG_NAMES = new Map(
  Object.entries(FLAGS).flatMap(([what, names]) => names.map((name) => [name as string, what as Flag])),
);

export function valuedOption(name: string): ValuedOption | undefined {
  return VALUED_NAMES.get(name);
}

export function flagOption(name: string): Flag | undefined {
  return FLAG_NAMES.get(name);
}

/** All names, for suggestions. */
export const OPTION_NAMES: readonly string[] = [...VALUED_NAMES.keys(), ...FLAG_NAMES.keys()];
