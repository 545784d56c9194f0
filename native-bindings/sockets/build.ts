/** Compiles the addon ahead of the first use, for images and packages: `node native-bindings/sockets/build.ts`. */
import { compiledAddon } from './compile.ts';

try {
  console.log(await compiledAddon());
} catch (error) {
  console.error(`the sockets addon cannot be compiled: ${(error as Error).message}`);
  process.exitCode = 1;
}
