/** XML answers as plain records: every element that may repeat is asked for as a list, so that one item is no special case. */
import { XMLParser } from 'fast-xml-parser';

export type XmlNode = string | { readonly [name: string]: XmlNode | readonly XmlNode[] };

/** Numbers and booleans stay text; attributes and namespaces are dropped. */
export function parseXml(text: string): XmlNode {
  const parser = new XMLParser({
    ignoreAttributes: true,
    parseTagValue: false,
    removeNSPrefix: true,
    ignoreDeclaration: true,
    trimValues: false,
  });
  return dropBlanks(parser.parse(text) as XmlNode);
}

/** Text between elements is layout. */
function dropBlanks(node: XmlNode): XmlNode {
  if (typeof node === 'string') return node;
  const entries = Object.entries(node).filter(([name]) => name !== '#text');
  return Object.fromEntries(
    entries.map(([name, value]) => [
      name,
      Array.isArray(value) ? value.map((each: XmlNode) => dropBlanks(each)) : dropBlanks(value as XmlNode),
    ]),
  );
}

export function childOf(node: XmlNode | undefined, ...path: readonly string[]): XmlNode | undefined {
  let at = node;
  for (const name of path) {
    if (at === undefined || typeof at === 'string') return undefined;
    const next = at[name];
    at = Array.isArray(next) ? (next as readonly XmlNode[])[0] : (next as XmlNode | undefined);
  }
  return at;
}

export function textOf(node: XmlNode | undefined, ...path: readonly string[]): string | undefined {
  const found = childOf(node, ...path);
  return typeof found === 'string' ? found : undefined;
}

/** All elements of that name below the path; empty when there are none. */
export function listOf(node: XmlNode | undefined, ...path: readonly string[]): readonly XmlNode[] {
  const parent = childOf(node, ...path.slice(0, -1));
  const last = path.at(-1);
  if (parent === undefined || typeof parent === 'string' || last === undefined) return [];
  const found = parent[last];
  if (found === undefined || found === '') return [];
  return Array.isArray(found) ? (found as readonly XmlNode[]) : [found as XmlNode];
}

export function escapeXml(text: string): string {
  return text.replace(/[<>&"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
