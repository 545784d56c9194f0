/**
 * The script of the index page: asks for each path, shows the answer's Cache-Status (RFC 9211) and Age, and counts.
 * It asks in the browser's normal way, since a reload would ask lb to go to the origin.
 */
export const SCRIPT = `const seen = { requests: 0, hits: 0 };

function resultOf(response) {
  const own = (response.headers.get('cache-status') ?? '').split(',').at(-1).trim();
  if (/; *hit/.test(own)) return { own, label: 'hit' };
  if (/; *fwd-status=304/.test(own)) return { own, label: 'revalidated' };
  if (/; *(stored|collapsed)/.test(own)) return { own, label: 'miss' };
  return { own, label: own ? 'pass' : 'no cache' };
}

async function ask(element) {
  setBadge(element, 'waiting', 'asking');
  const begun = performance.now();
  const response = await fetch(element.dataset.path);
  const body = await response.blob();
  const took = performance.now() - begun;
  const { own, label } = resultOf(response);
  setBadge(element, label, label);
  count(label);
  if (element.matches('.card')) await showCard(element, { response, body, took, own });
  else showPicture(element, { response, body, own });
}

function setBadge(element, kind, text) {
  const badge = element.querySelector('.badge');
  badge.className = 'badge ' + kind;
  badge.textContent = text;
}

async function showCard(card, { response, body, took, own }) {
  const age = response.headers.get('age');
  card.querySelector('.age').textContent = age === null ? '–' : age + ' s';
  card.querySelector('.took').textContent = took < 10 ? took.toFixed(1) + ' ms' : Math.round(took) + ' ms';
  card.querySelector('.status').textContent = own || 'no Cache-Status';
  if (!body.type.includes('json')) return;
  const calls = card.querySelector('.calls');
  calls.hidden = false;
  calls.querySelector('dd').textContent = JSON.parse(await body.text()).origin_calls;
}

function showPicture(element, { response, body, own }) {
  const image = element.querySelector('img');
  URL.revokeObjectURL(image.src);
  image.src = URL.createObjectURL(body);
  element.title = element.dataset.path + ': ' + own + ', age ' + (response.headers.get('age') ?? 0) + ' s';
}

function count(label) {
  seen.requests++;
  if (label === 'hit') seen.hits++;
  document.getElementById('requests').textContent = seen.requests;
  document.getElementById('hits').textContent = seen.hits;
  document.getElementById('ratio').textContent = '(' + Math.round((100 * seen.hits) / seen.requests) + '%)';
}

async function askAll() {
  const button = document.getElementById('again');
  button.disabled = true;
  for (const element of document.querySelectorAll('[data-path]')) {
    await ask(element).catch(() => setBadge(element, 'failed', 'no answer'));
  }
  button.disabled = false;
}

const curl = 'curl -i ' + location.origin;
document.getElementById('commands').textContent = [
  curl + '/api/products/8   # a miss, and then a hit: origin_calls stays 1',
  curl + '/slow             # two seconds, and then none',
  curl + '/account          # never stored',
].join('\\n');
document.getElementById('again').addEventListener('click', askAll);
await askAll();
`;
