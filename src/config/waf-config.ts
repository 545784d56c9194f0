/** The web application firewall of a site, as configuration has it. */

export type WafMode = 'block' | 'log' | 'off';

export interface WafConfig {
  ruleset: string;
  mode: WafMode;
  /** 1 to 4; undefined: as the rule set's setup says, which is 1 unless changed. */
  paranoiaLevel: number | undefined;
  /** Up to which level rules run without counting; undefined: as far as they count. */
  detectionLevel: number | undefined;
  /** Scores from which requests and responses are blocked; undefined: as the rule set says. */
  inboundThreshold: number | undefined;
  outboundThreshold: number | undefined;
  /** Folder of the rule set, absolute, where given. */
  path: string | undefined;
  /** SecLang files, absolute, maybe with `*`, read before the rules. */
  setup: string[];
  /** SecLang files, absolute, maybe with `*`, read after the rules. */
  rules: string[];
  /** Other modes for some paths; the first that matches counts. */
  paths: WafPathMode[];
  exclusions: WafExclusion[];
  customRules: CustomRuleConfig[];
  requestBody: WafBodyConfig & {
    /** Bytes without those of files. */
    noFilesLimit: number;
  };
  responseBody: WafBodyConfig & {
    /** Lowercase media types. */
    types: string[];
  };
  /** Arguments that a request may have. */
  argumentsLimit: number;
  /** Milliseconds that the rules may take with a request. */
  timeBudget: number;
  /** Names of variables whose values are not logged, with `*`: `ARGS:*password*`. */
  redact: string[];
}

export interface WafBodyConfig {
  enabled: boolean;
  /** Bytes. */
  limit: number;
  /** A longer body is refused, or looked at as far as that. */
  atLimit: 'reject' | 'partial';
}

export interface WafPathMode {
  /** Globs on the path. */
  match: string[];
  mode: WafMode;
}

/** Rules that do not run, or targets that they do not look at. */
export interface WafExclusion {
  /** Ids and ranges of them: `942100`, `942000-942999`. With neither ids nor tags: every rule. */
  rules: string[];
  tags: string[];
  /** Variables of SecLang, such as `ARGS:q`; empty: the rules do not run at all. */
  targets: string[];
  /** Globs on the path; empty: everywhere. */
  path: string[];
  /** `lb.json:5:15`. */
  source: string;
}

export type CustomAction = 'block' | 'log' | 'allow' | 'challenge';

/** A rule without SecLang. */
export interface CustomRuleConfig {
  /** As it stands in logs. */
  name: string;
  action: CustomAction;
  /** Of `block`. */
  status: number;
  /** The rule is for requests of which any of these holds. */
  when: Condition[];
  source: string;
}

/** Holds where every part that is given does. Within a part, one item is enough. */
export interface Condition {
  /** Globs on the path. */
  path: string[];
  methods: string[];
  /** Host patterns. */
  hosts: string[];
  networks: string[];
  /** Two capitals each. */
  countries: string[];
  /** Texts with `*`, case aside. */
  userAgent: string[];
  /** Every name needs a value that fits one of its patterns; names lowercase. */
  headers: NamedPatterns[];
  query: NamedPatterns[];
  cookies: NamedPatterns[];
  any: Condition[];
  all: Condition[];
  /** None of these holds. */
  not: Condition[];
}

export interface NamedPatterns {
  name: string;
  /** Texts with `*`, case aside. */
  patterns: string[];
}
