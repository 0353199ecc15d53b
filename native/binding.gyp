{
  "targets": [
    {
      "target_name": "okeanid",
      "sources": [
        "src/addon.cc",
        "src/arguments.cc",
        "src/ask_netlink.cc",
        "src/call_back.cc",
        "src/datagram.cc",
        "src/errno_error.cc",
        "src/file_lock.cc",
        "src/frames.cc",
        "src/link_message.cc",
        "src/link_watch.cc",
        "src/netlink_feed.cc",
        "src/netlink_socket.cc",
        "src/nft_message.cc",
        "src/packet_queue.cc",
        "src/poll_handle.cc",
        "src/queue_message.cc",
        "src/ruleset.cc",
        "src/ruleset_watch.cc",
        "src/run_program.cc",
        "src/shared_memory.cc",
        "src/verdict_list.cc"
      ],
      "include_dirs": ["<!@(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=9", "NODE_ADDON_API_CPP_EXCEPTIONS"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti"],
      "cflags_cc": ["-std=c++20", "-fexceptions", "-Wall", "-Wextra", "-fstack-protector-strong"],
      "ldflags": ["-Wl,-z,relro,-z,now"],
      "libraries": ["-lmnl"]
    }
  ]
}
