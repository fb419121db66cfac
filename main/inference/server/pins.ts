import { createHash, X509Certificate } from 'node:crypto';

/** SHA-256 of a certificate's public key (SPKI, DER), as it stands in `certificatePins`. */
export function publicKeyPin(certificate: Uint8Array): string {
  const { publicKey } = new X509Certificate(certificate);
  const digest = createHash('sha256').update(publicKey.export({ type: 'spki', format: 'der' }));
  return `sha256/${digest.digest('base64')}`;
}

/** A certificate in order, but not with the key that the administrator has named. */
export class PinError extends Error {
  readonly found: string;

  constructor(found: string) {
    super(`the certificate's public key is ${found}`);
    this.name = 'PinError';
    this.found = found;
  }
}

/** @param certificate Of the server, in DER. */
export function pinTrouble(certificate: Uint8Array, pins: readonly string[]): PinError | undefined {
  if (pins.length === 0) return undefined;
  const found = publicKeyPin(certificate);
  return pins.includes(found) ? undefined : new PinError(found);
}
