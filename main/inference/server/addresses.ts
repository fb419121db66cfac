import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { WorkstationError } from '../../../preload/contract/errors.ts';

/** Addresses that no router carries out of a network of its own (RFC 1918, 3927, 4193, 4291, 1122). */
const inside = new BlockList();
inside.addSubnet('10.0.0.0', 8, 'ipv4');
inside.addSubnet('172.16.0.0', 12, 'ipv4');
inside.addSubnet('192.168.0.0', 16, 'ipv4');
inside.addSubnet('169.254.0.0', 16, 'ipv4');
inside.addSubnet('127.0.0.0', 8, 'ipv4');
inside.addAddress('::1', 'ipv6');
inside.addSubnet('fc00::', 7, 'ipv6');
inside.addSubnet('fe80::', 10, 'ipv6');

/** Whether the address belongs to a private network, this link or this machine. */
export function isInsideAddress(address: string): boolean {
  return inside.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/** A URL writes the addresses of IPv6 in brackets. */
const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '');

export function isLoopbackName(hostname: string): boolean {
  const name = bare(hostname);
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));
}

/** The host's name leads out of the private network, and nobody said that it may. */
export class OutsideAddressError extends WorkstationError {
  constructor(hostname: string, address: string) {
    super(
      'not-allowed',
      `${hostname} has the public address ${address}: frames would leave the hospital's network.`,
      'Ask your administrator to correct the address, or to list the host under allowedHosts if that address is the hospital’s own.',
    );
    this.name = 'OutsideAddressError';
  }
}

/**
 * @throws OutsideAddressError for an address written as numbers; a name is judged when it is looked up, see
 *   {@link guardedLookup}.
 */
export function checkWrittenAddress(hostname: string, allowedHosts: readonly string[]): void {
  const name = bare(hostname);
  if (isIP(name) !== 0 && !isInsideAddress(name) && !isAllowed(name, allowedHosts)) {
    throw new OutsideAddressError(name, name);
  }
}

function isAllowed(hostname: string, allowedHosts: readonly string[]): boolean {
  return allowedHosts.some((allowed) => bare(allowed).toLowerCase() === hostname.toLowerCase());
}

/**
 * A name lookup that refuses public addresses. It stands in the connection itself, so that the address that was
 * judged is the one that is connected to.
 */
export function guardedLookup(
  allowedHosts: readonly string[],
  lookup: typeof systemLookup = systemLookup,
): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) {
        callback(error, '');
        return;
      }
      const outside = isAllowed(hostname, allowedHosts)
        ? undefined
        : found.find(({ address }: LookupAddress) => !isInsideAddress(address));
      const [first] = found;
      if (outside !== undefined) callback(new OutsideAddressError(hostname, outside.address), '');
      else if (options.all === true) callback(null, found);
      else callback(null, first?.address ?? '', first?.family);
    });
  };
}
