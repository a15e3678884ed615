/** XML as the Query protocols and S3 write it. */
export type Xml = string | number | boolean | null | undefined | readonly Xml[] | { readonly [name: string]: Xml };

export const escapeXml = (value: string): string =>
  value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** A list repeats its element; what is absent is left out. */
export function element(name: string, value: Xml): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.map((one) => element(name, one as Xml)).join('');
  if (typeof value !== 'object') return `<${name}>${escapeXml(String(value))}</${name}>`;
  const inner = Object.entries(value as Readonly<Record<string, Xml>>).map(([key, child]) => element(key, child));
  return `<${name}>${inner.join('')}</${name}>`;
}
