/** The version of the product, from package.json alone. */
import manifest from '../../package.json' with { type: 'json' };

export const SLIPWAY_VERSION: string = manifest.version;
