import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

interface Locked {
  version?: string;
  integrity?: string;
  resolved?: string;
  link?: boolean;
}

const repository = resolve(import.meta.dirname, '..', '..');
const { lockfileVersion, packages } = JSON.parse(
  readFileSync(join(repository, 'package-lock.json'), 'utf8'),
) as { lockfileVersion: number; packages: Record<string, Locked> };
const entries = Object.entries(packages).filter(([path]) => path !== '');

describe('package-lock.json', () => {
  it('pins every package by a hash, those of other platforms too', () => {
    expect(lockfileVersion).toBe(3);
    expect(entries.length).toBeGreaterThan(500);
    const unpinned = entries.filter(([, { integrity }]) => !/^sha512-[\w+/]{86}==$/.test(integrity ?? ''));
    expect(unpinned.map(([path]) => path)).toEqual([]);
  });

  it('names no registry and no file of this machine: the same lockfile serves a mirror', () => {
    const placed = entries.filter(([, { resolved, link }]) => resolved !== undefined || link === true);
    expect(placed.map(([path]) => path)).toEqual([]);
  });

  it('holds exactly what package.json asks for', () => {
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(
      readFileSync(join(repository, 'package.json'), 'utf8'),
    ) as Record<'dependencies' | 'devDependencies' | 'optionalDependencies', Record<string, string>>;
    const asked = { ...dependencies, ...devDependencies, ...optionalDependencies };
    for (const [name, version] of Object.entries(asked)) {
      expect(version, name).toMatch(/^\d+\.\d+\.\d+/);
      expect(packages[`node_modules/${name}`]?.version, name).toBe(version);
    }
  });

  it('has the drawing library for every platform that it has a build for', () => {
    const builds = entries.filter(([path]) => path.startsWith('node_modules/@napi-rs/canvas-'));
    expect(builds).toHaveLength(11);
  });
});
