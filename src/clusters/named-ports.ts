/** The named inputs or outputs of a template with the indices of their positions. */
export function portsOf<Kind>(ports: readonly { name: string; kind: Kind }[]) {
  const found = new Map<string, { name: string; kind: Kind; indices: number[] }>();
  for (const [index, { name, kind }] of ports.entries()) {
    const port = found.get(name);
    if (port === undefined) found.set(name, { name, kind, indices: [index] });
    else port.indices.push(index);
  }
  return [...found.values()];
}
