import { createHash } from 'node:crypto';

/** Text as it may stand in an element or a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const STYLE = `
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:light-dark(#f6f7f9,#15181d);color:light-dark(#1b1f24,#e6e9ee)}
main{max-width:30rem;padding:2rem;text-align:center}
h1{font-size:1.4rem;margin:0 0 .5rem}
p{margin:.5rem 0}
.id{margin-top:2rem;font-size:.8rem;opacity:.65;overflow-wrap:anywhere}`;

/** Of pages made here: nothing but their own style is loaded or run. */
export const PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ');

/** A page that says why there is no other. @param note '' for none */
export function messagePage(title: string, detail: string, note: string): string {
  const paragraphs = [
    detail === '' ? '' : `<p>${escapeHtml(detail)}</p>`,
    note === '' ? '' : `<p class="id">${escapeHtml(note)}</p>`,
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${paragraphs.filter((one) => one !== '').join('\n')}
</main>
</body>
</html>
`;
}
