/** Keys of a configuration, those of objects in it joined by dots. */
export function flatten(value: object, prefix = ''): string[] {
  return Object.entries(value).flatMap(([key, inner]) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? flatten(inner as object, `${prefix}${key}.`)
      : [`${prefix}${key}`],
  );
}

/**
 * The options that a script's command gives, one a line: `--name value` as `name`, Hydra's `name=value` as `name`.
 * Assignments of the script itself and lines of comment are none.
 */
export function optionsOfCommand(script: string): string[] {
  const command = script.slice(script.search(/^exec /m));
  return command.split('\n').flatMap((line) => {
    const found = /^ {2}"?(?:--([\w-]+)\s|([\w]+(?:\.[\w]+)+)=)/.exec(line);
    return found ? [found[1] ?? found[2] ?? ''] : [];
  });
}
