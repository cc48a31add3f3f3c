/** Addresses as people recognise them. Pure. */

/** Returns the host of an address, with its port; the address itself if it is none. */
export function hostOf(address: string): string {
  try {
    return new URL(address).host || address;
  } catch {
    return address;
  }
}
