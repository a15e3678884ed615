import type { CodeTable } from './entry.ts';

/** SLW-TCH-NNN */
export const toolchainCodes = {
  'SLW-TCH-001': {
    title: 'a Go toolchain that is missing',
    explain:
      'The real components (etcd, kube-apiserver, Flux, …) are built once from pinned source when they are found nowhere else, and that needs Go. They are looked for in the folder given with --toolchain, in KUBEBUILDER_ASSETS (etcd and kube-apiserver only) and in the cache first.',
    fix: 'install Go, or give --toolchain DIR with the binaries, or set SLIPWAY_CACHE to a cache filled on another machine of the same kind',
    exit: 69,
    retry: 'after-user',
  },
  'SLW-TCH-002': {
    title: 'a Go toolchain that is too old',
    explain:
      'The pinned sources need at least the Go version that toolchain/go.mod names. Slipway does not let Go download another version of itself behind your back (GOTOOLCHAIN=local).',
    fix: 'install the Go version named, or give --toolchain DIR with the binaries, or set SLIPWAY_CACHE to a filled cache',
    exit: 69,
    retry: 'after-user',
  },
  'SLW-TCH-003': {
    title: 'a Go module that cannot be fetched',
    explain:
      'The build needs the source of a pinned module that is not in the local module cache, and the module proxy or the network did not give it. GOPROXY, GOPRIVATE, GOSUMDB and the proxy variables of your environment are used as they are.',
    fix: 'check the network and GOPROXY, then run the same command again; what was fetched is kept',
    exit: 69,
    retry: 'backoff',
  },
  'SLW-TCH-004': {
    title: 'a build that failed',
    explain:
      'The Go compiler or linker reported an error for pinned sources. That points to a damaged module cache, a changed toolchain/go.mod, or too little memory (the linker is killed).',
    fix: 'read the lines that are shown; `go clean -modcache` repairs a damaged module cache',
    exit: 1,
    retry: 'no',
  },
  'SLW-TCH-005': {
    title: 'a disk that is full while building',
    explain:
      'Building the components needs about 6 GB in the Go build cache and 1 GB in the cache of Slipway. Nothing half-written is ever used.',
    fix: 'make room, or point GOCACHE and SLIPWAY_CACHE to a bigger disk, then run the same command again',
    exit: 1,
    retry: 'after-user',
  },
  'SLW-TCH-006': {
    title: 'a module whose checksum differs',
    explain:
      'What the module proxy sent is not what toolchain/go.sum pins. It is not used. Either the proxy or somebody between changed it, or the local module cache is damaged.',
    fix: 'find out who serves GOPROXY; `go clean -modcache` if the local cache is damaged',
    exit: 1,
    retry: 'no',
  },
  'SLW-TCH-007': {
    title: 'a binary that does not work',
    explain: 'A freshly built component did not print its version. It was not put into the cache.',
    fix: 'run `slipway doctor`, then the same command again',
    exit: 1,
    retry: 'no',
  },
  'SLW-TCH-008': {
    title: 'an unknown component',
    explain: 'The name is not in the table of components. `slipway toolchain list` shows it.',
    fix: 'take a name that `slipway toolchain list` shows',
    exit: 64,
    retry: 'no',
  },
  'SLW-TCH-009': {
    title: 'a toolchain folder that is not there',
    explain: 'The folder given with --toolchain does not exist or is no folder, so it cannot be the wanted source of binaries.',
    fix: 'give an existing folder, or leave --toolchain out',
    exit: 64,
    retry: 'no',
  },
} as const satisfies CodeTable;
