import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Scene, startScene } from '../caching/scene.ts';
import { type Cleanup, until } from '../support/cleanup.ts';
import type { Response } from '../support/client.ts';
import type { Settings } from '../support/lb.ts';

/** A small rule set of scores and blocking, laid out as a release is. */
const RULES = `
SecRule &TX:threshold "@eq 0" "id:901,phase:1,nolog,pass,setvar:tx.threshold=5"
SecMarker "BEGIN"
SecRule ARGS|ARGS_NAMES|REQUEST_HEADERS:User-Agent|REQUEST_COOKIES|XML:/* "@rx (?i)union\\s+select" \\
  "id:942900,phase:2,t:urlDecodeUni,t:lowercase,log,pass,msg:'SQL in arguments',logdata:'Matched Data: %{TX.0} found within %{MATCHED_VAR_NAME}: %{MATCHED_VAR}',capture,tag:'attack-sqli',severity:'CRITICAL',setvar:tx.anomaly_score=+5"
SecRule REQUEST_HEADERS:X-Early "@streq attack" "id:942901,phase:1,deny,status:403,log,msg:'early',tag:'attack-protocol'"
SecRule ARGS:hint "@streq odd" "id:942902,phase:2,log,pass,msg:'A hint',tag:'attack-generic',severity:'NOTICE',setvar:tx.anomaly_score=+2"
SecRule FILES "@endsWith .php" "id:942903,phase:2,log,pass,msg:'A script',tag:'attack-injection-php',setvar:tx.anomaly_score=+5"
SecRule TX:anomaly_score "@ge %{tx.threshold}" "id:949110,phase:2,deny,status:403,log,msg:'Too many'"
SecRule RESPONSE_STATUS "@streq 599" "id:950901,phase:3,deny,status:403,log,msg:'A status',tag:'attack-disclosure'"
SecRule RESPONSE_BODY "@contains ORA-01756" "id:951900,phase:4,deny,status:403,log,msg:'A database tells of itself',tag:'attack-disclosure'"
`;

export interface WafScene extends Scene {
  /** The folder of the rule set. */
  readonly folder: string;
  /** The first line of the firewall that fits, as soon as it is there. */
  event(fits: (event: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>;
}

/** Writes a rule set into a folder that is gone after the test. */
export function ruleFolder(t: Cleanup, rules = RULES): string {
  const folder = mkdtempSync(join(tmpdir(), 'lb-waf-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  put(folder, 'rules/REQUEST-901-INITIALIZATION.conf', rules);
  return folder;
}

export function put(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** lb with a firewall, an origin behind it. */
export async function startWaf(t: Cleanup, waf: Settings = {}, others: Settings = {}): Promise<WafScene> {
  const folder = ruleFolder(t);
  const scene = await startScene(t, { ...others, addons: { waf: { path: folder, ...waf } } });
  const found = () => scene.lb.log.map(({ details }) => details).filter(({ event }) => event === 'waf');
  const event = async (fits: (event: Record<string, unknown>) => boolean) => {
    await until(() => found().some(fits), 'a line of the firewall');
    return found().find(fits) ?? {};
  };
  return Object.assign(scene, { folder, event });
}

/** A request with a body. */
export function post(scene: Scene, target: string, type: string, body: string): Promise<Response> {
  return scene.get(target, [['Content-Type', type]], { method: 'POST', body });
}
