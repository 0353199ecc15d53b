#pragma once

#include <libmnl/libmnl.h>

#include <cstddef>
#include <cstdint>

namespace okeanid {

// The netlink attributes of a message or of a nest, for a range-based for; libmnl's own loops are
// macros that only C compiles. Ends at the first attribute that does not fit into what holds it.
class Attributes {
 public:
  class Iterator {
   public:
    explicit Iterator(const nlattr* attr) : attr_(attr) {}
    const nlattr* operator*() const { return attr_; }
    Iterator& operator++() {
      attr_ = mnl_attr_next(attr_);
      return *this;
    }
    bool operator!=(const uint8_t* end) const {
      const auto* const at = reinterpret_cast<const uint8_t*>(attr_);
      return at < end && mnl_attr_ok(attr_, static_cast<int>(end - at));
    }

   private:
    const nlattr* attr_;
  };

  // All after the message's family header of this size.
  Attributes(const nlmsghdr* message, size_t header_bytes)
      : first_(static_cast<const nlattr*>(mnl_nlmsg_get_payload_offset(message, header_bytes))),
        end_(static_cast<const uint8_t*>(mnl_nlmsg_get_payload_tail(message))) {}

  explicit Attributes(const nlattr* nest)
      : first_(static_cast<const nlattr*>(mnl_attr_get_payload(nest))),
        end_(static_cast<const uint8_t*>(mnl_attr_get_payload(nest)) +
             mnl_attr_get_payload_len(nest)) {}

  Iterator begin() const { return Iterator(first_); }
  const uint8_t* end() const { return end_; }

 private:
  const nlattr* first_;
  const uint8_t* end_;
};

}  // namespace okeanid
