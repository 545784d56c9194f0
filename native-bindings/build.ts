/** Compiles the addons ahead of their first use, for images and packages: `node native-bindings/build.ts`. */
import { type AddonName, compiledAddon } from './compile.ts';

const ADDONS: readonly AddonName[] = ['sockets', 'disk', 'memory'];

for (const name of ADDONS) {
  try {
    console.log(await compiledAddon(name));
  } catch (error) {
    console.error(`the ${name} addon cannot be compiled: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
