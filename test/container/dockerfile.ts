/** One instruction, flags and arguments apart: `COPY --from=build /a ./a` is COPY, { from: 'build' }, '/a ./a'. */
export interface Instruction {
  keyword: string;
  flags: Record<string, string>;
  rest: string;
}

/** From one FROM to the next. */
export interface Stage {
  image: string;
  name?: string;
  instructions: Instruction[];
}

/**
 * Parses the parts of a Dockerfile's grammar that this project uses: comments, continued lines, flags, stages.
 *
 * @throws SyntaxError on an instruction before the first FROM or an unknown keyword
 */
export function parseDockerfile(text: string): Stage[] {
  const stages: Stage[] = [];
  for (const line of logicalLines(text)) {
    const instruction = parseInstruction(line);
    if (instruction.keyword === 'FROM') {
      const [image = '', , name] = instruction.rest.split(/\s+/);
      stages.push({ image, name, instructions: [] });
      continue;
    }
    const stage = stages.at(-1);
    if (!stage) throw new SyntaxError(`${instruction.keyword} stands before the first FROM`);
    stage.instructions.push(instruction);
  }
  return stages;
}

const KEYWORDS = new Set(
  'FROM ARG ENV LABEL WORKDIR COPY ADD RUN USER EXPOSE STOPSIGNAL HEALTHCHECK CMD ENTRYPOINT VOLUME SHELL'.split(' '),
);

function logicalLines(text: string): string[] {
  const kept = text.split('\n').filter((line) => !/^\s*#/.test(line));
  return kept
    .join('\n')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '');
}

function parseInstruction(line: string): Instruction {
  const [, keyword = '', all = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
  if (!KEYWORDS.has(keyword)) throw new SyntaxError(`unknown instruction: ${line}`);
  const flags: Record<string, string> = {};
  let rest = all;
  for (let flag = takeFlag(rest); flag; flag = takeFlag(rest)) {
    flags[flag.name] = flag.value;
    rest = flag.rest;
  }
  return { keyword, flags, rest: rest.trim() };
}

function takeFlag(text: string): { name: string; value: string; rest: string } | undefined {
  const [, name, value = '', rest = ''] = /^--([\w-]+)(?:=(\S+))?\s+(.*)$/s.exec(text) ?? [];
  return name === undefined ? undefined : { name, value, rest };
}

/** The argument list of `CMD ["a", "b"]`. @throws SyntaxError for the shell form, which would not pass signals on */
export function execForm(text: string): string[] {
  const list: unknown = JSON.parse(text);
  if (!Array.isArray(list) || !list.every((item) => typeof item === 'string')) throw new SyntaxError(text);
  return list;
}
