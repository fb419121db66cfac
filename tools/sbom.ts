import { readFileSync, writeFileSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import * as License from '@cyclonedx/cyclonedx-library/Contrib/License';
import * as Enums from '@cyclonedx/cyclonedx-library/Enums';
import * as Models from '@cyclonedx/cyclonedx-library/Models';
import * as Serialize from '@cyclonedx/cyclonedx-library/Serialize';
import * as Spec from '@cyclonedx/cyclonedx-library/Spec';
import { PackageURL } from 'packageurl-js';
import { ffmpegRelease, ffmpegReleases, packedHashes } from '../main/hosts/ffmpeg-builds.ts';
import { isPacked, shippedPackages } from './licences.ts';

/**
 * Writes `dist/sbom.cdx.json`, the list of everything that a package holds (CycloneDX 1.6): npm packages with the hashes of
 * the lockfile, Electron, ffmpeg and ffprobe, and the embedded model. It is packed, too.
 */
const repository = resolve(import.meta.dirname, '..');
export const sbomFile = join(repository, 'dist', 'sbom.cdx.json');

const { name, version, license } = JSON.parse(
  readFileSync(join(repository, 'package.json'), 'utf8'),
) as Record<'name' | 'version' | 'license', string>;
const licences = new License.Factories.LicenseFactory(
  createRequire(import.meta.url)('spdx-expression-parse') as (expression: string) => unknown,
);

function purlOf(fullName: string, ofVersion: string): string {
  const [scope, bare] = fullName.startsWith('@') ? fullName.split('/') : [undefined, fullName];
  return new PackageURL('npm', scope, bare ?? fullName, ofVersion).toString();
}

function npmComponent(
  fullName: string,
  ofVersion: string,
  licence: string,
  integrity: string,
): Models.Component {
  const purl = purlOf(fullName, ofVersion);
  const component = new Models.Component(Enums.ComponentType.Library, fullName, {
    version: ofVersion,
    purl,
    bomRef: purl,
  });
  const sha512 = /^sha512-(.+)$/.exec(integrity)?.[1];
  if (sha512 !== undefined) {
    component.hashes.set(Enums.HashAlgorithm['SHA-512'], Buffer.from(sha512, 'base64').toString('hex'));
  }
  if (licence !== 'unknown') component.licenses.add(licences.makeFromString(licence));
  return component;
}

function mediaPrograms(): Models.Component[] {
  return Object.entries(packedHashes).map(([asset, sha256]) => {
    const [program = asset] = asset.split('-', 1);
    const component = new Models.Component(Enums.ComponentType.Application, program, {
      version: ffmpegRelease,
      bomRef: `${asset}@${ffmpegRelease}`,
      description: `As fetched for ${asset.slice(program.length + 1)}; a packager may name others (media-tools/SOURCE-OFFER.md).`,
    });
    component.licenses.add(licences.makeFromString('GPL-3.0-or-later'));
    const reference = new Models.ExternalReference(
      `${ffmpegReleases}/${ffmpegRelease}/${asset}.gz`,
      Enums.ExternalReferenceType.Distribution,
    );
    reference.hashes.set(Enums.HashAlgorithm['SHA-256'], sha256);
    component.externalReferences.add(reference);
    return component;
  });
}

function embeddedModel(): Models.Component {
  const manifest = JSON.parse(readFileSync(join(repository, 'models', 'nano', 'manifest.json'), 'utf8')) as {
    id?: string;
    files?: Record<string, string | { sha256?: string }>;
  };
  const component = new Models.Component(Enums.ComponentType.MachineLearningModel, manifest.id ?? 'nano', {
    version,
    bomRef: `model:${manifest.id ?? 'nano'}`,
  });
  component.licenses.add(licences.makeFromString(license));
  const weights = manifest.files?.['model.safetensors'];
  const sha256 = typeof weights === 'string' ? weights : weights?.sha256;
  if (sha256 !== undefined) component.hashes.set(Enums.HashAlgorithm['SHA-256'], sha256);
  return component;
}

/** The list as JSON text. The same tree gives the same text: no time, no serial number. */
export function makeSbom(): string {
  const bom = new Models.Bom();
  const purl = purlOf(name, version);
  const root = new Models.Component(Enums.ComponentType.Application, name, { version, purl, bomRef: purl });
  root.licenses.add(licences.makeFromString(license));
  bom.metadata.component = root;
  const packages = shippedPackages().filter(isPacked);
  for (const { name: packed, version: ofVersion, licence, integrity } of packages) {
    bom.components.add(npmComponent(packed, ofVersion, licence, integrity));
  }
  const { packages: locked } = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string; integrity: string }>;
  };
  const electron = locked['node_modules/electron'];
  if (electron) bom.components.add(npmComponent('electron', electron.version, 'MIT', electron.integrity));
  for (const component of [...mediaPrograms(), embeddedModel()]) bom.components.add(component);
  for (const component of bom.components) root.dependencies.add(component.bomRef);
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  return `${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`;
}

if (import.meta.main) {
  mkdirSync(dirname(sbomFile), { recursive: true });
  writeFileSync(sbomFile, makeSbom());
}
