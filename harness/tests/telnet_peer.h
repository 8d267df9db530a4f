/* SPDX-License-Identifier: Apache-2.0 */
/* telnet_peer.h - a small RFC 2217 server for tests, written apart from the client that it tests. */
#ifndef BP_TESTS_TELNET_PEER_H
#define BP_TESTS_TELNET_PEER_H

/* Accept connections on listener, one after the other, and carry bytes to and from data; returns when data closes. */
void telnet_peer_serve(int listener, int data);

#endif
