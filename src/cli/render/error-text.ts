/** An error as a person reads it: code and sentence, where it stands, what to do, where to read more. */
import type { ErrorRecord, SourcePosition } from '../../core/errors.ts';
import type { Paint } from './paint.ts';
import { sanitize } from './text-width.ts';

export function formatPosition(at: SourcePosition): string {
  return `${at.file}:${at.line}:${at.col}`;
}

/** The lines of one error; the first alone is enough for a log. */
export function errorLines(error: ErrorRecord, paint: Paint): readonly string[] {
  const where = error.at ? `${formatPosition(error.at)}: ` : '';
  return [
    `${paint('bad', `error ${error.code}`)}: ${where}${sanitize(error.message)}`,
    ...(error.object === undefined ? [] : [`  object: ${sanitize(error.object)}`]),
    `  fix: ${sanitize(error.fix)}`,
    paint('quiet', `  explain: slipway explain ${error.code}`),
  ];
}

/** Several errors found at once: each with its position; fix and explain once for each code. */
export function errorsLines(errors: readonly ErrorRecord[], paint: Paint): readonly string[] {
  const lines: string[] = [];
  for (const [index, error] of errors.entries()) {
    const repeated = errors.slice(index + 1).some((later) => later.code === error.code && later.fix === error.fix);
    const all = errorLines(error, paint);
    lines.push(...(repeated ? all.slice(0, error.object === undefined ? 1 : 2) : all));
  }
  return errors.length > 1 ? [...lines, `${errors.length} errors`] : lines;
}
