/* SPDX-License-Identifier: Apache-2.0 */
/* crc.h - the two checksums of the firmware. */
#ifndef FW_CRC_H
#define FW_CRC_H

#include <stdint.h>

/* CRC-16/XMODEM (polynomial 0x1021, initial value 0, no reflection): the SMP console frame's. crc: 0 to start. */
uint16_t crc16_xmodem(uint16_t crc, const void *data, uint32_t len);

/* CRC-32/ISO-HDLC (polynomial 0x04c11db7 reflected): boot state and progress records. crc: 0 to start. */
uint32_t crc32_ieee(uint32_t crc, const void *data, uint32_t len);

#endif
