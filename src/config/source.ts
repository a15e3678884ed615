/**
 * Source text to documents of plain data, each of which can say where a path stands: every later fault has a position.
 * Knows YAML, not what a project is.
 */
import {
  type Alias,
  Composer,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  Parser,
  type ParsedNode,
} from 'yaml';
import { SlipwayError, type SourcePosition } from '../core/errors.ts';
import { findBoundFault } from './bounds.ts';
import { keyText, type NodeFault, toPlainData } from './plain-data.ts';

/** More syntax errors of one file than this are noise. */
const MAX_FAULTS = 50;

export type FieldPath = readonly (string | number)[];

/** One YAML document: its plain data, and where each part of it stands. */
export interface SourceDocument {
  /** As it is shown to people. */
  readonly file: string;
  /** Folder of the file, absolute: what relative paths in it start from. */
  readonly folder: string;
  readonly value: unknown;
  /** Where the value at `path` stands (`key`: its key); for a path that is not there, its nearest parent. */
  locate(path: FieldPath, part?: 'key' | 'value'): SourcePosition;
  /** The spelling of an unquoted scalar, e.g. `1.30` where the value is 1.3. */
  spelling(path: FieldPath): string | undefined;
}

export interface ParsedSource {
  readonly documents: readonly SourceDocument[];
  readonly errors: readonly SlipwayError[];
}

export interface SourceText {
  readonly file: string;
  readonly folder: string;
  readonly text: string;
}

/** Reads all documents of one file; empty ones are left out, and so are those whose syntax is broken. */
export function parseSource(source: SourceText): ParsedSource {
  const lines = new LineCounter();
  const parsed = parseYaml(source, lines);
  if (parsed instanceof SlipwayError) return { documents: [], errors: [parsed] };
  const documents: SourceDocument[] = [];
  const errors: SlipwayError[] = [];
  for (const document of parsed) {
    const faults = syntaxFaults(document);
    const data = faults.length === 0 ? toPlainData(document.contents) : undefined;
    for (const fault of [...faults, ...(data?.faults ?? [])]) errors.push(toError(fault, source.file, lines));
    if (data && !isEmpty(document.contents))
      documents.push(new LocatedDocument(source, { root: document.contents, value: data.value, lines, aliasTargets: data.aliasTargets }));
  }
  return { documents, errors: errors.slice(0, MAX_FAULTS) };
}

function parseYaml(source: SourceText, lines: LineCounter): readonly Document.Parsed<ParsedNode>[] | SlipwayError {
  const parser = new Parser(lines.addNewLine);
  const bound = findBoundFault(source.text);
  if (bound) {
    // The parser, which would have counted the lines, never sees this text.
    lines.addNewLine(0);
    for (const match of source.text.slice(0, bound.offset).matchAll(/\n/g)) lines.addNewLine(match.index + 1);
    return toError(bound, source.file, lines);
  }
  try {
    return compose(parser, source.text);
  } catch (cause) {
    const at = { file: source.file, line: 1, col: 1 };
    // Neither is a fault of ours to hide: the parser is recursive, so hostile depth ends in a RangeError.
    if (cause instanceof RangeError)
      return new SlipwayError('SLW-CFG-010', 'the data nests deeper than the parser can follow', { at, cause });
    return new SlipwayError('SLW-CFG-005', 'the parser gives up on this file', { at, cause });
  }
}

/** As parseAllDocuments does it, but ending after MAX_FAULTS broken pieces: each would be kept with a stack trace. */
function compose(parser: Parser, text: string): readonly Document.Parsed<ParsedNode>[] {
  const composer = new Composer<ParsedNode>({ uniqueKeys: false, schema: 'core', version: '1.2', merge: false });
  const documents: Document.Parsed<ParsedNode>[] = [];
  let broken = 0;
  for (const token of parser.parse(text)) {
    if (token.type === 'error' && ++broken > MAX_FAULTS) break;
    for (const document of composer.next(token)) documents.push(document as Document.Parsed<ParsedNode>);
  }
  // An empty document is made where there is none, so that errors outside of documents have a place.
  for (const document of composer.end(true, text.length)) documents.push(document as Document.Parsed<ParsedNode>);
  return documents;
}

function syntaxFaults(document: Document.Parsed): readonly NodeFault[] {
  const faults: NodeFault[] = document.errors.map((error) => ({
    code: error.code === 'TAB_AS_INDENT' ? 'SLW-CFG-006' : 'SLW-CFG-005',
    message: error.code === 'TAB_AS_INDENT' ? 'a tab is used for indentation' : sentence(error.message),
    offset: error.pos[0],
  }));
  for (const warning of document.warnings) faults.push({ code: 'SLW-CFG-011', message: sentence(warning.message), offset: warning.pos[0] });
  if (document.directives.yaml.explicit === true && document.directives.yaml.version === '1.1') {
    faults.push({ code: 'SLW-CFG-011', message: '%YAML 1.1 is not read', offset: document.range[0] });
  }
  return faults;
}

function sentence(message: string): string {
  const line = message.split('\n', 1)[0] ?? '';
  return line.charAt(0).toLowerCase() + line.slice(1).replace(/[.:]$/, '');
}

function isEmpty(contents: ParsedNode | null): boolean {
  return contents === null || (isScalar(contents) && contents.value === null);
}

function toError(fault: NodeFault, file: string, lines: LineCounter): SlipwayError {
  const at = positionAt(file, fault.offset, lines);
  return new SlipwayError(fault.code, fault.message, fault.fix === undefined ? { at } : { at, fix: fault.fix });
}

function positionAt(file: string, offset: number, lines: LineCounter): SourcePosition {
  const { line, col } = lines.linePos(offset);
  return { file, line: Math.max(line, 1), col: Math.max(col, 1) };
}

function offsetOf(node: Node | null | undefined): number | undefined {
  return node?.range?.[0];
}

interface Located {
  readonly root: Node | null;
  readonly value: unknown;
  readonly lines: LineCounter;
  readonly aliasTargets: ReadonlyMap<Alias, Node>;
}

class LocatedDocument implements SourceDocument {
  readonly file: string;
  readonly folder: string;
  readonly value: unknown;
  readonly #located: Located;

  constructor(source: SourceText, located: Located) {
    this.file = source.file;
    this.folder = source.folder;
    this.value = located.value;
    this.#located = located;
  }

  locate(path: FieldPath, part: 'key' | 'value' = 'value'): SourcePosition {
    let node: Node | null = this.#located.root;
    let offset = offsetOf(node) ?? 0;
    for (const [i, segment] of path.entries()) {
      const found = this.#step(node, segment);
      if (!found) break;
      // A parent that stands in for something missing is shown by its key: that is what a reader looks for.
      const wanted = i === path.length - 1 ? part : 'key';
      offset = offsetOf(found[wanted]) ?? offsetOf(found.key) ?? offsetOf(found.value) ?? offset;
      node = found.value;
    }
    return positionAt(this.file, offset, this.#located.lines);
  }

  spelling(path: FieldPath): string | undefined {
    let node: Node | null = this.#located.root;
    for (const segment of path) node = this.#step(node, segment)?.value ?? null;
    const target = this.#follow(node);
    return isScalar(target) && target.type === 'PLAIN' ? target.source : undefined;
  }

  #step(from: Node | null, segment: string | number): { readonly key?: Node; readonly value: Node | null } | undefined {
    const node = this.#follow(from);
    if (isMap(node)) {
      const pair = node.items.find((item: Pair) => keyText(item.key) === String(segment));
      return pair && { key: pair.key as Node, value: pair.value as Node | null };
    }
    if (isSeq(node) && typeof segment === 'number')
      return node.items[segment] === undefined ? undefined : { value: node.items[segment] as Node };
    return undefined;
  }

  #follow(node: Node | null): Node | null {
    return isAlias(node) ? (this.#located.aliasTargets.get(node) ?? null) : node;
  }
}
