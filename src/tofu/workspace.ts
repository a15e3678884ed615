/**
 * OpenTofu or Terraform as a program: driven, never linked. This folder knows its files, its output and its failures, and no
 * cloud. A workspace is one folder with one module and one state; whatever runs in it is found again by the next run.
 * What is written here is complete: `tofu plan` works in the folder by hand.
 */
import { join } from 'node:path';
import type { Json } from '../core/digest.ts';
import type { TofuBinary } from './binary.ts';

/** Values of the module's variables. */
export const VARIABLES_FILE = 'slipway.auto.tfvars.json';

/** Which files are the module's, and a digest of them. */
export const MANIFEST_FILE = join('.slipway', 'module.json');

/** Where the state is kept. Never holds a credential: those come by the environment. */
export interface TofuBackend {
  /** `local`, `s3`, `gcs`, … as in a `backend` block. */
  readonly type: string;
  /** Attributes of the block: bucket, key, region, use_lockfile, … Unused for `local`: the state lies in the work folder. */
  readonly config?: Readonly<Record<string, Json>>;
}

/** What a workspace is filled with. */
export interface TofuModule {
  /** Absolute path of a folder of plain HCL. */
  readonly source: string;
  /** What the folder is filled with already goes before `source`: to destroy by what things were made by. */
  readonly isFrozen?: boolean;
  /** Values of the module's variables; secret ones come as TF_VAR_… in `Workspace.env` instead. */
  readonly variables: Readonly<Record<string, Json>>;
  readonly backend: TofuBackend;
  /** The key of a local state comes as TF_VAR_slipway_state_key instead of being generated. */
  readonly hasOwnKey?: boolean;
}

export interface Workspace {
  /** Absolute, private (0700), used by nothing else. */
  readonly dir: string;
  readonly binary: TofuBinary;
  /** Whole environment of the child: see `tofuEnvironment`. */
  readonly env: Readonly<Record<string, string>>;
}
