/**
 * The container's HEALTHCHECK: exits with 0 when lb's admin listener says that it is ready, with 1 otherwise.
 * Takes the listener's address from LB_ADMIN (`host:port` or `port`, default 127.0.0.1:9900).
 */
const TIMEOUT_MS = 3000;

const { LB_ADMIN = '127.0.0.1:9900', LB_ADMIN_TOKEN } = process.env;
const [, host = '', port = ''] = /^(?:(.*):)?(\d+)$/.exec(LB_ADMIN) ?? [];
// A listener on every address is asked over loopback.
const reachable = { '': '127.0.0.1', '0.0.0.0': '127.0.0.1', '[::]': '[::1]' }[host] ?? host;

try {
  const response = await fetch(`http://${reachable}:${port}/readyz`, {
    headers: LB_ADMIN_TOKEN ? { authorization: `Bearer ${LB_ADMIN_TOKEN}` } : {},
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  console.log((await response.text()).slice(0, 1000));
  process.exitCode = response.ok ? 0 : 1;
} catch (error) {
  const { message, cause } = error as Error;
  console.log(cause instanceof Error ? cause.message : message);
  process.exitCode = 1;
}
