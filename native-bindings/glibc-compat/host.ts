/** What decides whether a published binary loads here. */
export interface Host {
  platform: NodeJS.Platform;
  arch: string;
  /** Node's ABI number (NODE_MODULE_VERSION), part of the binary's file name. */
  abi: string;
  /** Version of glibc in use, e.g. `2.36`; absent with another C library. */
  glibc?: string;
}

let current: Host | undefined;

/** The running process's host. Read once: the report behind it takes some milliseconds. */
export function currentHost(): Host {
  current ??= {
    platform: process.platform,
    arch: process.arch,
    abi: process.versions.modules,
    glibc: process.platform === 'linux' ? readGlibcVersion() : undefined,
  };
  return current;
}

/** Compares dotted versions of glibc, `2.9` < `2.36`. */
export function isOlder(version: string, than: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [thanMajor = 0, thanMinor = 0] = than.split('.').map(Number);
  return major < thanMajor || (major === thanMajor && minor < thanMinor);
}

/** The part of `process.report` used here; `@types/node` does not know `excludeNetwork` (Node 22.13 and newer). */
interface HeaderReport {
  excludeNetwork: boolean;
  getReport(): { header: { glibcVersionRuntime?: string } };
}

function readGlibcVersion(): string | undefined {
  const report = process.report as unknown as HeaderReport;
  const { excludeNetwork } = report;
  report.excludeNetwork = true; // else it resolves the names of open connections' peers
  const { header } = report.getReport();
  report.excludeNetwork = excludeNetwork;
  return header.glibcVersionRuntime;
}
