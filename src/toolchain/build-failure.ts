/** Reads why a go command failed. Its prose is all there is; what is not recognised is shown as it is. */
import type { Code } from '../core/codes.ts';
import { SlipwayError } from '../core/errors.ts';
import { shorten } from '../core/shorten.ts';

interface Pattern {
  readonly code: Code;
  readonly pattern: RegExp;
  readonly message: (match: RegExpExecArray) => string;
}

const MODULE = /(?:go: |: )?([\w.~/-]+@v[\w.+~-]+)/;

const patterns: readonly Pattern[] = [
  { code: 'SLW-TCH-005', pattern: /no space left on device|disk quota exceeded/, message: () => 'no space left on the disk while building the toolchain' },
  { code: 'SLW-TCH-006', pattern: /(?:verifying )?([\w.~/-]+@v[\w.+~-]+)[^\n]*: checksum mismatch/, message: (match) => `module ${match[1]} is not what go.sum pins` },
  { code: 'SLW-TCH-006', pattern: /SECURITY ERROR/, message: () => 'a module is not what go.sum pins' },
  {
    code: 'SLW-TCH-003',
    pattern: /[^\n]*(?:dial tcp|i\/o timeout|no such host|connection refused|connection reset|TLS handshake|x509:|proxyconnect|reading https?:\S+|module lookup disabled|cannot find module providing|\b40[34] |\b5\d\d )[^\n]*/i,
    message: (match) => `module ${MODULE.exec(match[0])?.[1] ?? 'needed for the build'} cannot be fetched: ${said(match[0])}`,
  },
];

/** The coded error of a failed `go build` or `go list`, from its stderr. */
export function buildFailure(stderr: string): SlipwayError {
  for (const { code, pattern, message } of patterns) {
    const match = pattern.exec(stderr);
    if (match) return new SlipwayError(code, message(match), { data: { lines: lastLines(stderr) } });
  }
  const lines = lastLines(stderr);
  return new SlipwayError('SLW-TCH-004', `go build failed: ${said(lines.at(-1) ?? 'without a word')}`, { data: { lines } });
}

/** Without the names of compiled packages that `-v` prints. */
function lastLines(stderr: string): readonly string[] {
  return stderr
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^[\w.~-]+(\/[\w.~+-]+)*$/.test(line))
    .slice(-15)
    .map(said);
}

const said = (line: string): string => shorten(line.trim().replace(/^go: /, ''));
