import { parseSync } from 'rolldown/utils';

/** One import or re-export of a file, static or `import('...')`. */
export interface Import {
  /** What is written between the quotes. */
  specifier: string;
  line: number;
  /** Nothing of it remains at run time. */
  typeOnly: boolean;
}

/**
 * Lists what a TypeScript module imports.
 *
 * @throws SyntaxError when the file cannot be parsed
 */
export function importsOf(path: string, source: string): Import[] {
  const { module, errors } = parseSync(path, source);
  const [error] = errors;
  if (error) throw new SyntaxError(`${path}: ${error.message}`);
  const at = (specifier: string, start: number, typeOnly: boolean): Import => ({
    specifier,
    line: source.slice(0, start).split('\n').length,
    typeOnly,
  });
  const found: Import[] = [];
  for (const { moduleRequest, start, entries } of module.staticImports) {
    const typeOnly = entries.length > 0 && entries.every((entry) => entry.isType);
    found.push(at(moduleRequest.value, start, typeOnly));
  }
  for (const { start, entries } of module.staticExports) {
    const [first] = entries;
    if (!first?.moduleRequest) continue;
    const typeOnly = entries.every((entry) => entry.isType);
    found.push(at(first.moduleRequest.value, start, typeOnly));
  }
  for (const { moduleRequest, start } of module.dynamicImports) {
    const written = source.slice(moduleRequest.start, moduleRequest.end);
    const literal = /^(['"])(.*)\1$/s.exec(written);
    if (literal?.[2]) found.push(at(literal[2], start, false));
  }
  return found;
}
