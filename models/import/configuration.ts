/** The engine reads the same configuration beside graphs that it runs in place. */
export { readConfiguration, readJson, type Configuration } from '../../main/inference/model/index.ts';
