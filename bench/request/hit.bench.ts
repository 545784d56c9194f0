/** What a hit, and a miss, cost in lb itself: no sockets, no origin. `node bench/request/hit.bench.ts [ROUNDS]` */
import { garbage, measure } from '../hot/measure.ts';
import { guardSteps, requestSteps } from './steps.ts';

const rounds = Number(process.argv[2] ?? 60);
const MILLION = 1_000_000;

const steps = [...(await requestSteps()), ...(await guardSteps())];
const costs = await measure(steps, rounds);
for (const [name, { ns, ratio }] of costs) {
  console.log(`${name.padEnd(44)} ${ns.toFixed(0).padStart(7)} ns  ${ratio.toFixed(2).padStart(7)} x the fixed loop`);
}
for (const step of steps.filter(({ name }) => name.startsWith('hit'))) {
  console.log(`${step.name.padEnd(44)} ${(await garbage(step, MILLION)).toFixed(1).padStart(7)} bytes of garbage`);
}
