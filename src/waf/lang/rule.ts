/**
 * What SecLang text becomes: the rules in the order of their files, and the settings of the engine. All text is binary:
 * one UTF-16 unit (0..255) a byte, as ModSecurity sees it.
 */

/** Where something stands: the file as it was named, and the line from 1 on which the directive begins. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** 1 request headers, 2 request body, 3 response headers, 4 response body, 5 logging. */
export type Phase = 1 | 2 | 3 | 4 | 5;

/** Which members of a collection. `text` is as it was written; names and patterns are compared without case. */
export type Selector =
  | { readonly kind: 'text'; readonly text: string }
  /** The source of a PCRE pattern, between the slashes, `\/` undone. */
  | { readonly kind: 'regex'; readonly regex: string };

/** One of the variables that a rule looks at. */
export interface Target {
  /** In lower case: `args`, `request_headers`, `tx`, `xml`, ... (`VARIABLES` in names.ts). */
  readonly variable: string;
  /** Undefined: the whole collection, or a variable that is no collection. For `xml` the XPath expression. */
  readonly selector: Selector | undefined;
  /** `&ARGS`: how many there are instead of their values. */
  readonly count: boolean;
  /** `!ARGS:x`: not this one, whatever the other targets of the rule name. */
  readonly exclude: boolean;
}

export interface OperatorCall {
  /** In lower case: `rx`, `pmfromfile`, ... (`OPERATORS` in names.ts). */
  readonly name: string;
  readonly negated: boolean;
  /** With macros (`%{tx.x}`) as text. Of the operators that read files, the names as written: relative to the rule's file. */
  readonly argument: string;
}

/** `block` stands here as what SecDefaultAction makes of it. */
export type Disruptive = 'pass' | 'deny' | 'drop' | 'redirect' | 'allow' | 'allow-phase' | 'allow-request';

/** Inclusive ranges of rule ids. */
export type IdRange = readonly [from: number, to: number];

/** Which rules an exclusion is about. `compileSelection` in selection.ts is the test for it. */
export type RuleSelection =
  | { readonly by: 'id'; readonly ranges: readonly IdRange[] }
  | { readonly by: 'tag'; readonly pattern: string }
  | { readonly by: 'msg'; readonly pattern: string };

/** A name and a value within a collection; both with macros as text. */
export interface SetVariable {
  readonly kind: 'setvar';
  /** In lower case: `tx`, `ip`, `global`, `session`, `user`, `resource`. */
  readonly collection: string;
  readonly name: string;
  /** `remove` is `!tx.x`; `add` and `subtract` are `=+n` and `=-n`. */
  readonly change: 'set' | 'add' | 'subtract' | 'remove';
  /** Of `setvar:tx.x` without a value `1`, of `remove` empty. */
  readonly value: string;
}

/** What `ctl:` changes for the rest of one transaction. */
export type Control =
  | { readonly option: 'ruleengine'; readonly value: EngineMode }
  | { readonly option: 'remove-rule'; readonly rules: RuleSelection }
  | { readonly option: 'remove-target'; readonly rules: RuleSelection; readonly targets: readonly Target[] }
  | { readonly option: 'requestbodyaccess'; readonly value: boolean }
  | { readonly option: 'responsebodyaccess'; readonly value: boolean }
  | { readonly option: 'requestbodyprocessor'; readonly value: BodyProcessor }
  | { readonly option: 'forcerequestbodyvariable'; readonly value: boolean }
  | { readonly option: 'requestbodylimit'; readonly value: number }
  | { readonly option: 'responsebodylimit'; readonly value: number }
  | { readonly option: 'parsexmlintoargs'; readonly value: XmlArguments }
  /** Audit engine, audit log parts, debug log level: lb keeps no such logs. */
  | { readonly option: 'none' };

export type BodyProcessor = 'URLENCODED' | 'MULTIPART' | 'XML' | 'JSON';

/** Non-disruptive actions that run when a rule (a link of a chain) has matched, in order. Text has macros as text. */
export type Action =
  | SetVariable
  | {
      readonly kind: 'expirevar';
      readonly collection: string;
      readonly name: string;
      /** Seconds. */
      readonly value: string;
    }
  | {
      readonly kind: 'deprecatevar';
      readonly collection: string;
      readonly name: string;
      /** Amount over seconds: `60/300`. */
      readonly value: string;
    }
  | { readonly kind: 'initcol'; readonly collection: string; readonly value: string }
  | { readonly kind: 'setsid' | 'setuid' | 'setrsc'; readonly value: string }
  | { readonly kind: 'setenv'; readonly name: string; readonly value: string }
  | { readonly kind: 'ctl'; readonly control: Control }
  /** Not to be shown on logs. `sanitisematched` and `sanitisematchedbytes` have no value that matters. */
  | {
      readonly kind:
        | 'sanitisearg'
        | 'sanitiserequestheader'
        | 'sanitiseresponseheader'
        | 'sanitisematched'
        | 'sanitisematchedbytes';
      readonly value: string;
    };

/** A SecRule or SecAction with everything that SecDefaultAction gives it. */
export interface Rule {
  readonly kind: 'rule';
  /** 0 for the links of a chain after its first. */
  readonly id: number;
  /** The links of a chain have the phase of the first. */
  readonly phase: Phase;
  readonly place: Place;
  /** Empty for SecAction. */
  readonly targets: readonly Target[];
  /** Undefined for SecAction, which matches always. */
  readonly operator: OperatorCall | undefined;
  /** Names in lower case (`TRANSFORMATIONS` in names.ts), those of SecDefaultAction before the rule's, `t:none` applied. */
  readonly transformations: readonly string[];
  readonly multiMatch: boolean;
  readonly capture: boolean;
  /** The next link: the whole matches when every link does. */
  readonly chain: Rule | undefined;
  /** Of a chain: what its first link says. */
  readonly disruptive: Disruptive;
  /** Of `deny`, `drop` (403 unless said) and `redirect` (302 unless said). */
  readonly status: number;
  /** With macros; empty without `redirect`. */
  readonly redirectUrl: string;
  /** With macros; empty without. */
  readonly msg: string;
  /** With macros; empty without. */
  readonly logdata: string;
  /** With macros. */
  readonly tags: readonly string[];
  /** 0 (emergency) to 7 (debug); -1: not said. */
  readonly severity: number;
  readonly ver: string;
  readonly rev: string;
  /** 1 to 9; 0: not said. */
  readonly maturity: number;
  /** 1 to 9; 0: not said. */
  readonly accuracy: number;
  /** How many of the following rules and chains of the phase are passed over when this one matches; 0: none. */
  readonly skip: number;
  /** The id of a rule or the name of a marker after which to go on when this one matches; empty: none. */
  readonly skipAfter: string;
  readonly log: boolean;
  readonly auditlog: boolean;
  readonly actions: readonly Action[];
}

/** SecMarker: where skipAfter goes to, in every phase. */
export interface Marker {
  readonly kind: 'marker';
  readonly name: string;
  readonly place: Place;
}

export type EngineMode = 'on' | 'off' | 'detection-only';

/** `SecParseXmlIntoArgs`: `only-args` leaves the XML collection empty. */
export type XmlArguments = 'on' | 'off' | 'only-args';

export interface BodySettings {
  /** Whether bodies are looked at. */
  readonly access: boolean;
  /** Bytes. */
  readonly limit: number;
  /** What becomes of a body over the limit: refused (413, 500 of responses), or looked at up to there. */
  readonly limitAction: 'reject' | 'process-partial';
}

/** The directives that are no rules. The defaults are ModSecurity's (`DEFAULT_ENGINE` in settings.ts). */
export interface EngineSettings {
  readonly mode: EngineMode;
  readonly requestBody: BodySettings & {
    /** Bytes without those of files (SecRequestBodyNoFilesLimit). */
    readonly noFilesLimit: number;
    /** How deep JSON may nest. */
    readonly jsonDepthLimit: number;
  };
  readonly responseBody: BodySettings & {
    /** Media types in lower case, without parameters, whose bodies are looked at. */
    readonly mimeTypes: readonly string[];
  };
  /** One byte, `&` by default. */
  readonly argumentSeparator: string;
  /** How many arguments a request may have; Infinity: any number. */
  readonly argumentsLimit: number;
  readonly cookieFormat: 0 | 1;
  readonly xmlExternalEntity: boolean;
  readonly parseXmlIntoArgs: XmlArguments;
  /** How many files a multipart body may have (SecUploadFileLimit). */
  readonly uploadFileLimit: number;
  /** Seconds that a persistent collection lives after its last change. */
  readonly collectionTimeout: number;
  /** From Unicode code points to bytes, for `t:urlDecodeUni`; undefined without SecUnicodeMapFile. */
  readonly unicodeMap: ReadonlyMap<number, number> | undefined;
  /** SecComponentSignature, as CRS tells its version. */
  readonly componentSignatures: readonly string[];
  readonly webAppId: string;
  readonly sensorId: string;
}

/** Rules as they are to be run: removals and updates (SecRuleRemoveById, SecRuleUpdateTargetById, ...) have been applied. */
export interface RuleSet {
  readonly items: readonly (Rule | Marker)[];
  readonly engine: EngineSettings;
  /** Every file that was read, in order: rules, and what SecUnicodeMapFile names. */
  readonly files: readonly string[];
}
