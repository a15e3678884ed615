/** What a project says of its site: whole accounts, proxies that are URLs without credentials. */
import type { SlipwayError } from '../../core/errors.ts';
import type { Unit } from '../document.ts';
import { error, showField, showValue, valueAt } from '../shape-faults.ts';
import type { FieldPath } from '../source.ts';

const SITE: FieldPath = ['spec', 'site'];

export function checkSite(unit: Unit): readonly SlipwayError[] {
  if (unit.kind !== 'Project') return [];
  return [...checkAccounts(unit), ...checkProxy(unit), ...checkUsernames(unit)];
}

function checkAccounts(unit: Unit): readonly SlipwayError[] {
  return keysAt(unit, [...SITE, 'registries']).flatMap((host) => {
    const path = [...SITE, 'registries', host];
    const present = ['username', 'password'].filter((key) => has(unit, [...path, key]));
    if (present.length !== 1) return [];
    const missing = present[0] === 'username' ? 'password' : 'username';
    return [error('SLW-CFG-015', `${showField([...path, missing])} is missing`, { context: unit, path: [...path, missing] })];
  });
}

function checkUsernames(unit: Unit): readonly SlipwayError[] {
  return keysAt(unit, [...SITE, 'gitServers']).flatMap((host) => {
    const path = [...SITE, 'gitServers', host, 'username'];
    if (!has(unit, path) || has(unit, [...path.slice(0, -1), 'token'])) return [];
    return [error('SLW-CFG-015', `${showField([...path.slice(0, -1), 'token'])} is missing`, { context: unit, path })];
  });
}

function checkProxy(unit: Unit): readonly SlipwayError[] {
  const base = [...SITE, 'proxy'];
  const errors = ['http', 'https'].flatMap((key) => checkProxyUrl(unit, [...base, key]));
  if (!has(unit, base) || has(unit, [...base, 'http']) || has(unit, [...base, 'https'])) return errors;
  return [...errors, error('SLW-CFG-015', `${showField([...base, 'http'])} is missing`, { context: unit, path: [...base, 'http'] })];
}

function checkProxyUrl(unit: Unit, path: FieldPath): readonly SlipwayError[] {
  const text = valueAt(unit.document.value, path);
  if (typeof text !== 'string') return [];
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && (url.username !== '' || url.password !== ''))
    return [
      error('SLW-CFG-037', `${showField(path)} holds a user name or password`, { context: unit, path, fix: 'write the URL without them' }),
    ];
  if (url && /^https?:$/.test(url.protocol)) return [];
  const fix = 'write http://HOST:PORT';
  return [
    error('SLW-CFG-016', `${showField(path)} is ${showValue(text)}, which is no http:// or https:// URL`, { context: unit, path, fix }),
  ];
}

function keysAt(unit: Unit, path: FieldPath): readonly string[] {
  const value = valueAt(unit.document.value, path);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
}

function has(unit: Unit, path: FieldPath): boolean {
  return valueAt(unit.document.value, path) !== undefined;
}
