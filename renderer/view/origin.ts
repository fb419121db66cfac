import { namedModel, type ModelStamp, type ModelState } from '../../preload/contract/index.ts';

/** Whether an answer was given by the model that is in use; true where no model is known to be in use. */
export function isOfModel(stamp: ModelStamp, state: ModelState | null): boolean {
  const current = state?.model ?? null;
  if (current === null) return true;
  if (stamp.sha256 !== null && state?.sha256 != null) return stamp.sha256 === state.sha256;
  return stamp.id === current.id;
}

/**
 * The name of an answer's model, with its version where that is stated, and with the beginning of its hash where
 * another model goes by the same name and version: among the session's answers, or the one in use.
 */
export function modelNames(
  stamp: ModelStamp,
  others: readonly ModelStamp[],
  state: ModelState | null,
): string {
  const { name, version, sha256 } = stamp;
  const named = namedModel(stamp);
  const inUse = state?.model;
  const namesakes = [
    ...others.filter((other) => other.name === name && other.version === version),
    ...(inUse?.name === name && (version === null || inUse.version === version)
      ? [{ id: inUse.id, sha256: state?.sha256 ?? null }]
      : []),
  ];
  const ambiguous = namesakes.some((other) =>
    sha256 === null || other.sha256 === null ? other.id !== stamp.id : other.sha256 !== sha256,
  );
  return ambiguous && sha256 !== null ? `${named} #${sha256.slice(0, 8)}` : named;
}
