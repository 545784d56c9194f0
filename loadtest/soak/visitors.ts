import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, Asker, Question } from './ask.ts';
import { checkBody, Fault, type Versions, type Wanted } from './check.ts';
import { contentOf, etagOf, KINDS, type Kind, LANGUAGES, slotOf, versionOf } from './objects.ts';
import { restAt } from './ticks.ts';

/** What all visitors saw. */
export interface Findings {
  /** Requests by sort. */
  requests: Record<string, number>;
  /** Bytes of checked content. */
  bytes: number;
  /** Answers with wrong content. */
  wrong: string[];
  /** Requests without the answer that they must get. */
  failed: string[];
  /** Answers that ended early because the object changed meanwhile, as they must. */
  cut: number;
  /** Answers that a visitor left. */
  left: number;
}

/** What a visitor has to do with. */
export interface Scene {
  asker: Asker;
  versions: Versions;
  findings: Findings;
}

/** Pause between two requests of a visitor: up to so many ms. */
const PAUSE = 10;

/** One sort of request: asks, and throws when the answer is not what it must be. */
type Sort = (scene: Scene) => Promise<void>;

const below = (count: number): number => Math.floor(Math.random() * count);
const pick = <T>(list: readonly T[]): T => list[below(list.length)];

/** Every sort, with how many of all requests are of it. */
const SORTS: readonly { name: string; weight: number; run: Sort }[] = [
  { name: 'hot', weight: 30, run: (scene) => whole(scene, KINDS.hot) },
  { name: 'cold', weight: 20, run: (scene) => whole(scene, KINDS.cold) },
  { name: 'short-lived', weight: 6, run: (scene) => whole(scene, KINDS.short) },
  { name: 'vary', weight: 5, run: (scene) => whole(scene, KINDS.vary, pick(LANGUAGES)) },
  { name: 'text', weight: 8, run: text },
  { name: 'medium', weight: 1, run: (scene) => whole(scene, KINDS.medium) },
  { name: 'large', weight: 0.1, run: (scene) => whole(scene, KINDS.large) },
  { name: 'range', weight: 6, run: (scene) => range(scene, pick([KINDS.hot, KINDS.medium])) },
  { name: 'range of large', weight: 2, run: (scene) => range(scene, KINDS.large) },
  { name: 'conditional', weight: 4, run: conditional },
  { name: 'head', weight: 2, run: head },
  { name: 'miss', weight: 4, run: miss },
  { name: 'post', weight: 2, run: post },
  { name: 'left', weight: 2, run: leave },
];

const TOTAL = SORTS.reduce((sum, { weight }) => sum + weight, 0);

/** Asks one thing after the other until told to stop. */
export async function visit(scene: Scene, until: AbortSignal): Promise<void> {
  const { findings, asker } = scene;
  while (!until.aborted) {
    const { name, run } = chosen();
    const counted = `${name} (${asker.protocol})`;
    findings.requests[counted] = (findings.requests[counted] ?? 0) + 1;
    try {
      await run(scene);
    } catch (error) {
      const list = error instanceof Fault && error.isWrong ? findings.wrong : findings.failed;
      list.push(`${new Date().toISOString()} ${counted}: ${(error as Error).message}`);
    }
    await sleep(Math.random() * PAUSE + restAt(Date.now()));
  }
}

function chosen(): (typeof SORTS)[number] {
  let at = Math.random() * TOTAL;
  const found = SORTS.find(({ weight }) => {
    at -= weight;
    return at < 0;
  });
  return found ?? SORTS[0];
}

function want({ versions }: Scene, kind: Kind, language?: string): Wanted {
  const number = below(kind.count);
  return { kind, number, language, floor: versions.floors[slotOf(kind, number)] };
}

/** Asks for an object and checks what comes. An answer may break off, but for nothing else than that the object changed. */
async function fetchChecked(
  scene: Scene,
  wanted: Wanted,
  question: Question,
  statuses: readonly number[],
): Promise<void> {
  const { asker, versions, findings } = scene;
  const slot = slotOf(wanted.kind, wanted.number);
  const before = Atomics.load(versions.newest, slot);
  let answer: Answer | undefined;
  try {
    answer = await asker.ask(question);
    if (!statuses.includes(answer.status)) {
      answer.body.resume();
      throw new Fault(`${question.path} gives status ${answer.status}`, false);
    }
    findings.bytes += await checkBody(answer, wanted, versions);
  } catch (error) {
    const isWrong = error instanceof Fault && error.isWrong;
    if (!isWrong && Atomics.load(versions.newest, slot) !== before) {
      findings.cut++;
      return;
    }
    const { message, code } = error as NodeJS.ErrnoException;
    throw new Fault(
      `${question.path} ${JSON.stringify(question.headers ?? {})}: ${message}${code === undefined ? '' : ` (${code}, ${answer?.ending()})`}`,
      isWrong,
    );
  }
}

async function whole(scene: Scene, kind: Kind, language?: string): Promise<void> {
  const wanted = want(scene, kind, language);
  const headers: Record<string, string> = language === undefined ? {} : { 'x-lang': language };
  await fetchChecked(scene, wanted, { path: pathOf(wanted), headers }, [200]);
}

async function text(scene: Scene): Promise<void> {
  const wanted = want(scene, KINDS.text);
  const accepted = pick(['br', 'gzip', 'zstd', 'gzip, deflate, br, zstd', 'identity', 'br;q=0.5, gzip;q=0.9']);
  await fetchChecked(scene, wanted, { path: pathOf(wanted), headers: { 'accept-encoding': accepted } }, [200]);
}

async function range(scene: Scene, kind: Kind): Promise<void> {
  const wanted = want(scene, kind);
  // what lies below the least size is there in every version
  const from = below(kind.least);
  const wish = pick([`${from}-${from + below(100_000)}`, `${from}-${from}`, `-${1 + below(kind.least)}`]);
  const headers = { range: `bytes=${wish}` };
  await fetchChecked(scene, wanted, { path: pathOf(wanted), headers }, [206, 200]);
}

async function conditional(scene: Scene): Promise<void> {
  const wanted = want(scene, pick([KINDS.hot, KINDS.short, KINDS.cold]));
  const known = Atomics.load(scene.versions.newest, slotOf(wanted.kind, wanted.number));
  const answer = await scene.asker.ask({ path: pathOf(wanted), headers: { 'if-none-match': etagOf(known) } });
  if (answer.status === 304) {
    answer.body.resume();
    const told = versionOf(answer.headers.etag);
    if (told !== known) throw new Fault(`304 for version ${known} with the ETag of version ${told}`, true);
  } else if (answer.status === 200) {
    scene.findings.bytes += await checkBody(answer, wanted, scene.versions);
  } else {
    answer.body.resume();
    throw new Fault(`${pathOf(wanted)} gives status ${answer.status} to If-None-Match`, false);
  }
}

async function head(scene: Scene): Promise<void> {
  const wanted = want(scene, pick([KINDS.hot, KINDS.cold]));
  const { status, headers, body } = await scene.asker.ask({ method: 'HEAD', path: pathOf(wanted) });
  body.resume();
  if (status !== 200) throw new Fault(`HEAD ${pathOf(wanted)} gives status ${status}`, false);
  const length = headers['content-length'];
  const { size } = contentOf(wanted.kind, wanted.number, versionOf(headers.etag) ?? -1);
  if (length !== undefined && Number(length) !== size) throw new Fault(`HEAD tells ${length} of ${size} bytes`, true);
}

async function miss({ asker }: Scene): Promise<void> {
  const path = `/miss/${below(1e9)}`;
  const answer = await asker.ask({ path });
  const body = await textOf(answer);
  if (answer.status !== 200) throw new Fault(`${path} gives status ${answer.status}`, false);
  if (body !== `never stored ${path}`) throw new Fault(`${path} gives ${body.slice(0, 100)}`, true);
}

async function post({ asker }: Scene): Promise<void> {
  const body = Buffer.alloc(1 + below(100_000), String(below(1e9)));
  const answer = await asker.ask({
    method: 'POST',
    path: '/echo',
    headers: { 'content-length': String(body.length) },
    body,
  });
  const echoed = await textOf(answer);
  if (answer.status !== 200) throw new Fault(`POST gives status ${answer.status}`, false);
  if (echoed !== body.toString('latin1')) throw new Fault('POST gives other bytes back', true);
}

/** Leaves in the midst of an answer, or before it has begun. */
async function leave(scene: Scene): Promise<void> {
  const wanted = want(scene, pick([KINDS.cold, KINDS.medium, KINDS.large, KINDS.text]));
  const headers = { 'accept-encoding': pick(['identity', 'br']) };
  const { body, status } = await scene.asker.ask({ path: pathOf(wanted), headers });
  scene.findings.left++;
  const patience = below(1e6);
  let seen = 0;
  body.on('error', () => {});
  for await (const chunk of body as AsyncIterable<Buffer>) {
    seen += chunk.length;
    if (seen >= patience) break;
  }
  body.destroy();
  if (status !== 200) throw new Fault(`${pathOf(wanted)} gives status ${status}`, false);
}

const pathOf = ({ kind, number }: Wanted): string => `/${kind.name}/${number}`;

async function textOf({ body }: Answer): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('latin1');
}
