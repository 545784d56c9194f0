/** Entry of lb. It imports the rest only after the check, since an older Node already fails on these imports. */

if (Number.parseInt(process.versions.node, 10) < 24) {
  process.stderr.write(`lb: lb needs Node 24; this is Node ${process.versions.node}\n`);
  process.exitCode = 1;
} else {
  const { runCli } = await import('./cli/index.ts');
  await runCli(process.argv.slice(2));
}
