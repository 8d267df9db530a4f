/* SPDX-License-Identifier: Apache-2.0 */
/* cbor_vectors.h - the tables of test_cbor.c. */
#ifndef FW_TESTS_CBOR_VECTORS_H
#define FW_TESTS_CBOR_VECTORS_H

/*
 * RFC 8949 appendix A, without indefinite-length strings. The text is the
 * diagnostic notation (section 8) of what the reader told, with _ for an
 * indefinite length and other(bits) for simple values and floats.
 */
static const struct good {
	const char *hex, *text;
} goods[] = {
	{ "00", "0" },
	{ "01", "1" },
	{ "0a", "10" },
	{ "17", "23" },
	{ "1818", "24" },
	{ "1819", "25" },
	{ "1864", "100" },
	{ "1903e8", "1000" },
	{ "1a000f4240", "1000000" },
	{ "1b000000e8d4a51000", "1000000000000" },
	{ "1bffffffffffffffff", "18446744073709551615" },
	{ "c249010000000000000000", "2(h'010000000000000000')" },
	{ "3bffffffffffffffff", "-1-18446744073709551615" },
	{ "c349010000000000000000", "3(h'010000000000000000')" },
	{ "20", "-1-0" },
	{ "29", "-1-9" },
	{ "3863", "-1-99" },
	{ "3903e7", "-1-999" },
	{ "f90000", "other(0)" },
	{ "f98000", "other(8000)" },
	{ "f93c00", "other(3c00)" },
	{ "fb3ff199999999999a", "other(3ff199999999999a)" },
	{ "f93e00", "other(3e00)" },
	{ "f97bff", "other(7bff)" },
	{ "fa47c35000", "other(47c35000)" },
	{ "fa7f7fffff", "other(7f7fffff)" },
	{ "fb7e37e43c8800759c", "other(7e37e43c8800759c)" },
	{ "f90001", "other(1)" },
	{ "f90400", "other(400)" },
	{ "f9c400", "other(c400)" },
	{ "fbc010666666666666", "other(c010666666666666)" },
	{ "f97c00", "other(7c00)" },
	{ "f97e00", "other(7e00)" },
	{ "f9fc00", "other(fc00)" },
	{ "f4", "false" },
	{ "f5", "true" },
	{ "f6", "null" },
	{ "f7", "other(17)" },
	{ "f0", "other(10)" },
	{ "f8ff", "other(ff)" },
	{ "c074323031332d30332d32315432303a30343a30305a", "0(\"2013-03-21T20:04:00Z\")" },
	{ "c11a514b67b0", "1(1363896240)" },
	{ "c1fb41d452d9ec200000", "1(other(41d452d9ec200000))" },
	{ "d74401020304", "23(h'01020304')" },
	{ "d818456449455446", "24(h'6449455446')" },
	{ "d82076687474703a2f2f7777772e6578616d706c652e636f6d", "32(\"http://www.example.com\")" },
	{ "40", "h''" },
	{ "4401020304", "h'01020304'" },
	{ "60", "\"\"" },
	{ "6161", "\"a\"" },
	{ "6449455446", "\"IETF\"" },
	{ "62225c", "\"\"\\\"" },
	{ "62c3bc", "\"\xc3\xbc\"" },
	{ "63e6b0b4", "\"\xe6\xb0\xb4\"" },
	{ "64f0908591", "\"\xf0\x90\x85\x91\"" },
	{ "80", "[]" },
	{ "83010203", "[1, 2, 3]" },
	{ "8301820203820405", "[1, [2, 3], [4, 5]]" },
	{ "98190102030405060708090a0b0c0d0e0f101112131415161718181819",
	  "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25]" },
	{ "a0", "{}" },
	{ "a201020304", "{1: 2, 3: 4}" },
	{ "a26161016162820203", "{\"a\": 1, \"b\": [2, 3]}" },
	{ "826161a161626163", "[\"a\", {\"b\": \"c\"}]" },
	{ "a56161614161626142616361436164614461656145",
	  "{\"a\": \"A\", \"b\": \"B\", \"c\": \"C\", \"d\": \"D\", \"e\": \"E\"}" },
};

/* Also appendix A, and long forms: well-formed, but refused when deterministic (section 4.2.1). */
static const struct good loose[] = {
	{ "fa7f800000", "other(7f800000)" },
	{ "fa7fc00000", "other(7fc00000)" },
	{ "faff800000", "other(ff800000)" },
	{ "fb7ff0000000000000", "other(7ff0000000000000)" },
	{ "fb7ff8000000000000", "other(7ff8000000000000)" },
	{ "fbfff0000000000000", "other(fff0000000000000)" },
	{ "9fff", "[_ ]" },
	{ "9f018202039f0405ffff", "[_ 1, [2, 3], [_ 4, 5]]" },
	{ "9f01820203820405ff", "[_ 1, [2, 3], [4, 5]]" },
	{ "83018202039f0405ff", "[1, [2, 3], [_ 4, 5]]" },
	{ "83019f0203ff820405", "[1, [_ 2, 3], [4, 5]]" },
	{ "9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff",
	  "[_ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25]" },
	{ "bf61610161629f0203ffff", "{_ \"a\": 1, \"b\": [_ 2, 3]}" },
	{ "826161bf61626163ff", "[\"a\", {_ \"b\": \"c\"}]" },
	{ "bf6346756ef563416d7421ff", "{_ \"Fun\": true, \"Amt\": -1-1}" },
	{ "bfff", "{_ }" },
	{ "1817", "23" },
	{ "1900ff", "255" },
	{ "1a0000ffff", "65535" },
	{ "1b00000000ffffffff", "4294967295" },
	{ "1b0000000000000000", "0" },
	{ "3817", "-1-23" },
	{ "580161", "h'61'" },
	{ "790000", "\"\"" },
	{ "9a0000000101", "[1]" },
	{ "b8010102", "{1: 2}" },
	{ "d81700", "23(0)" },
	{ "fa00000000", "other(0)" },              /* 0.0 */
	{ "fa33800000", "other(33800000)" },        /* 2^-24, the smallest half */
	{ "fa477fe000", "other(477fe000)" },        /* 65504, the largest half */
	{ "fb8000000000000000", "other(8000000000000000)" },
	{ "fb36a0000000000000", "other(36a0000000000000)" }, /* 2^-149, the smallest single */
	{ "fb47efffffe0000000", "other(47efffffe0000000)" }, /* the largest single */
};

/* Floats that have no shorter form although they come close: accepted also when deterministic. */
static const struct good shortest[] = {
	{ "fa33000000", "other(33000000)" },        /* 2^-25 */
	{ "fa33c00000", "other(33c00000)" },        /* 1.5 * 2^-24 */
	{ "fa477fe001", "other(477fe001)" },        /* one more bit than a half */
	{ "fa47800000", "other(47800000)" },        /* 65536 */
	{ "fa00000001", "other(1)" },
	{ "fa7f800001", "other(7f800001)" },        /* not-a-number with a low bit */
	{ "fb3690000000000000", "other(3690000000000000)" }, /* 2^-150 */
	{ "fb47f0000000000000", "other(47f0000000000000)" }, /* 2^128 */
	{ "fb0000000000000001", "other(1)" },
	{ "fb3ff0000010000000", "other(3ff0000010000000)" },
};

static const struct bad {
	const char *name, *hex;
} bads[] = {
	{ "nothing", "" },
	/* Appendix F: reserved additional information. */
	{ "reserved 28 unsigned", "1c" },
	{ "reserved 29 unsigned", "1d" },
	{ "reserved 30 unsigned", "1e" },
	{ "reserved 28 negative", "3c" },
	{ "reserved 28 bytes", "5c" },
	{ "reserved 29 text", "7d" },
	{ "reserved 30 array", "9e" },
	{ "reserved 28 map", "bc" },
	{ "reserved 29 tag", "dd" },
	{ "reserved 28 simple", "fc" },
	{ "reserved 29 simple", "fd" },
	{ "reserved 30 simple", "fe" },
	/* Appendix F: indefinite length where there is none. */
	{ "indefinite unsigned", "1f" },
	{ "indefinite negative", "3f" },
	{ "indefinite tag", "df" },
	{ "indefinite bytes are not supported", "5f42010243030405ff" },
	{ "indefinite text is not supported", "7f657374726561646d696e67ff" },
	/* Appendix F: break where none may stand. */
	{ "break alone", "ff" },
	{ "break in definite array", "81ff" },
	{ "break in definite array, second", "8200ff" },
	{ "break in definite map", "a1ff" },
	{ "break for a definite map's value", "a100ff" },
	{ "break for an indefinite map's value", "bf00ff" },
	{ "break for an indefinite map's second value", "bf000000ff" },
	{ "break as content of a tag", "c1ff" },
	{ "break as content of a tag in an array", "9fc1ff" },
	{ "break of the inner array only", "9f9fff" },
	{ "break in a definite array in an indefinite one", "9f81ffff" },
	/* Table 4: simple values below 32 in two bytes. */
	{ "simple 0 in two bytes", "f800" },
	{ "simple 20 in two bytes", "f814" },
	{ "simple 24 in two bytes", "f818" },
	{ "simple 31 in two bytes", "f81f" },
	/* Lengths that the input cannot hold, up to those that overflow. */
	{ "bytes one too long", "4200" },
	{ "bytes of 2^32 - 1", "5affffffff00" },
	{ "bytes of 2^32", "5b000000010000000000" },
	{ "bytes of 2^63", "5b800000000000000000" },
	{ "bytes of 2^64 - 1", "5bffffffffffffffff00" },
	{ "text of 2^64 - 9, back to its head", "7bfffffffffffffff700" },
	{ "array of 2^32 - 1, which means indefinite", "9affffffff00ff" },
	{ "array of 2^32", "9b000000010000000000" },
	{ "array of 2^64 - 1", "9bffffffffffffffff00" },
	{ "map of 2^31, whose items overflow", "ba800000000000" },
	{ "map of 2^63, whose items overflow", "bb80000000000000000000" },
	{ "map with one item too few", "a2000000" },
	/* One level more than MAX_DEPTH. */
	{ "arrays nested 9 deep", "81818181818181818100" },
	{ "maps nested 9 deep", "a100a100a100a100a100a100a100a100a10000" },
	{ "indefinite nested 9 deep", "9f9f9f9f9f9f9f9f9fffffffffffffffffff" },
};

#endif
