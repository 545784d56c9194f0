/**
 * Rules at the head of phase 1 that set TX variables by nothing but TX variables come to the same for every request:
 * they are run once, when the plan is made.
 */
import type { Action, Rule } from '../lang/rule.ts';
import type { Program, ProgramRule } from './program.ts';
import { requestPath } from './request.ts';
import type { Runner } from './run.ts';
import { type Shared, State } from './state.ts';

export interface Setup {
  /** Phase 1, perhaps in another order where that makes no difference. */
  readonly program: Program;
  /** Where it is to begin. */
  readonly from: number;
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

export function runSetup(program: Program, runner: Runner, shared: Shared): Setup {
  const state = new State(shared, NOBODY, requestPath('/'));
  const apart: ProgramRule[] = [];
  let at = 0;
  while (at < program.length) {
    const rule = program[at];
    if (isApart(rule.first.rule)) {
      apart.push(rule);
      at++;
      continue;
    }
    if (!isConstant(rule.first.rule)) break;
    const before = state.tx.values.slice();
    const matched = runner.matchesNow(rule, state);
    if (matched && isTold(rule.first.rule)) {
      for (const [slot, value] of before.entries()) state.tx.values[slot] = value;
      break;
    }
    at = matched ? rule.nextAfterMatch : at + 1;
  }
  const from = at - apart.length;
  const moved = apart.map((rule, i): ProgramRule => ({ ...rule, nextAfterMatch: from + i + 1 }));
  return { program: [...program.slice(0, from), ...moved, ...program.slice(at)], from, values: state.tx.values };
}

/** Whether a match does more than set variables. */
function isTold(rule: Rule): boolean {
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

function isNothing(action: Action): boolean {
  return (
    action.kind === 'ctl' && (action.control.option === 'none' || action.control.option === 'forcerequestbodyvariable')
  );
}
