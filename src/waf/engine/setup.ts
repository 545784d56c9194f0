/**
 * Rule sets begin with rules that set TX variables to what the configuration says, and that come to the same for every request:
 * they are run once, when the plan is made.
 */
import type { Action, Rule } from '../lang/rule.ts';
import type { Outline, Outlined } from './outline.ts';
import type { ProgramRule } from './program.ts';
import { requestPath } from './request.ts';
import type { Runner } from './run.ts';
import { type Shared, State } from './state.ts';

export interface Setup {
  /** What of phase 1 is left, perhaps in another order where that makes no difference. */
  readonly outline: Outline;
  /** TX as it then stands. */
  readonly values: readonly (string | undefined)[];
}

const NOBODY = {
  id: '',
  method: 'GET',
  target: '/',
  protocol: 'HTTP/1.1',
  headers: [],
  clientAddress: '',
  clientPort: 0,
  serverAddress: '',
  serverPort: 0,
};

/** A transaction of nobody, to try rules on that do not look at requests. */
export function nobody(shared: Shared): State {
  return new State(shared, NOBODY, requestPath('/'));
}

/** @param compile of rules that read and write nothing but TX */
export function runSetup(
  outline: Outline,
  compile: (outlined: Outlined) => ProgramRule,
  runner: Runner,
  shared: Shared,
): Setup {
  const state = nobody(shared);
  const apart: Outlined[] = [];
  let at = 0;
  while (at < outline.length) {
    const outlined = outline[at];
    if (isApart(outlined.rule)) {
      apart.push(outlined);
      at++;
      continue;
    }
    if (!isConstant(outlined.rule)) break;
    const before = state.tx.values.slice();
    const matched = runner.matchesNow(compile(outlined), state);
    if (matched && isTold(outlined.rule)) {
      for (const slot of state.tx.values.keys()) state.tx.values[slot] = before[slot];
      break;
    }
    at = matched ? outlined.nextAfterMatch : at + 1;
  }
  const gone = at - apart.length;
  const moved = apart.map((outlined, i): Outlined => ({ ...outlined, nextAfterMatch: i + 1 }));
  const rest = outline.slice(at).map((outlined) => ({ ...outlined, nextAfterMatch: outlined.nextAfterMatch - gone }));
  return { outline: [...moved, ...rest], values: state.tx.values };
}

/** Whether a match does more than set variables. */
export function isTold(rule: Rule): boolean {
  return rule.log || rule.auditlog || rule.disruptive !== 'pass' || rule.severity >= 0;
}

/** Whether the rule reads and writes nothing but TX. */
function isConstant(rule: Rule | undefined): boolean {
  if (rule === undefined) return true;
  const texts = [rule.operator?.argument ?? ''];
  for (const action of rule.actions) {
    if (isNothing(action)) continue;
    if (action.kind !== 'setvar' || action.collection !== 'tx' || action.name.includes('%{')) return false;
    texts.push(action.value);
  }
  const readsTx = rule.targets.every(({ variable }) => variable === 'tx') && texts.every(namesOnlyTx);
  return readsTx && !rule.capture && isConstant(rule.chain);
}

function namesOnlyTx(text: string): boolean {
  return !/%\{(?!tx\.)/i.test(text);
}

/** Whether the rule neither reads nor writes TX, nor leads elsewhere: it may as well run after those that only do. */
function isApart(rule: Rule): boolean {
  const chooses = rule.actions.every(
    (action) => isNothing(action) || (action.kind === 'ctl' && action.control.option === 'requestbodyprocessor'),
  );
  const isPlain =
    !isTold(rule) && !rule.capture && rule.skip === 0 && rule.skipAfter === '' && rule.chain === undefined;
  const readsRequest = rule.targets.every(({ variable }) => variable === 'request_headers');
  return chooses && isPlain && readsRequest && rule.targets.length > 0 && !rule.operator?.argument.includes('%{');
}

/** An action without effect in lb. */
export function isNothing(action: Action): boolean {
  return (
    action.kind === 'ctl' && (action.control.option === 'none' || action.control.option === 'forcerequestbodyvariable')
  );
}
