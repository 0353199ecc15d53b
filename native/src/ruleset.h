#pragma once

#include <napi.h>

namespace okeanid {

// readRuleset({ kind, family, table, name })
//
// One question to nftables and its whole answer, which the kernel gives at once. family: NFPROTO_.
//   kind 'generation'  the number of the ruleset's generation; it changes with every transaction
//   kind 'rules'       of a table, or of its chain `name` when that is not '', for each chain that
//                      has any: [{ chain, digests, ruleCount, counts: [{ comment, packets, bytes
//                      }] }]; digests are sixteen digits a rule, the same for the same rule,
//                      whatever its counters say; counts are of rules with counter and comment,
//                      one for each comment
//   kind 'chains'      of a family, or the one of `table` whose name is `name`: [{ table, name,
//                      type, device, hook, priority, policy }]
//   kind 'elements'    of the verdict map `name`: [{ key, chain }]
// A table, chain or map that is not there has nothing. Throws an Error with code, errno and
// syscall: EINTR when somebody changed the ruleset meanwhile, EPERM without CAP_NET_ADMIN.
Napi::Value ReadRuleset(const Napi::CallbackInfo& info);

}  // namespace okeanid
