// Package config makes the ConfigMaps and Secrets that a pod template refers to part of a version: their content is hashed into
// its revision, and each version gets immutable copies of its own, so that a change of configuration is rolled out like a
// change of image and a version never runs with other configuration than was judged.
//
// In: a pod template, a cached reader of metadata and a live reader of content. Out: the references, digests of what they lead
// to, the copies ready to be applied, and the template's references turned to the copies. It must not write to the cluster,
// keep content in memory beyond a call, or decide what follows from a missing object.
//
// References are those of the environment (valueFrom, envFrom) of containers and init containers, and of volumes of the types
// configMap, secret and projected. What the node or a volume driver uses is not the program's configuration and stays as it
// is: imagePullSecrets, and the secrets of CSI, Azure, Ceph, iSCSI and other drivers. Left alone is also whatever carries the
// annotation serin.dev/config-tracking: disabled, and a Secret of the type kubernetes.io/service-account-token, whose token
// Kubernetes issues for that one object. So is every Secret of a namespace that the Scope has not: the controller then needs no
// right to read it.
//
// A digest tells only whether content is the same, but who can guess a short secret can check the guess with it, so it belongs
// hashed with the rest of the template into the revision and nowhere else.
package config
